package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const mostFlips = 200 // in one file; larger ones are flipped at so many places

// flip: what is right must be accepted, and refused with one bit flipped in any byte of any file.
func flip(path string, check func() error) error {
	if err := check(); err != nil {
		return err
	}
	count := 0
	err := filepath.WalkDir(path, func(file string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		n, err := flipFile(file, check)
		count += n
		return err
	})
	if err == nil {
		fmt.Printf("%d flipped bits, each of them seen\n", count)
	}
	return err
}

func flipFile(file string, check func() error) (int, error) {
	good, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	defer os.WriteFile(file, good, 0o666)
	step := len(good)/mostFlips + 1
	count := 0
	for i := 0; i < len(good); i += step {
		bad := append([]byte(nil), good...)
		bad[i] ^= 1 << (i / step % 8)
		if err := os.WriteFile(file, bad, 0o666); err != nil {
			return count, err
		}
		if check() == nil {
			return count, fmt.Errorf("%s: bit %d of byte %d is not seen", file, i/step%8, i)
		}
		count++
	}
	return count, nil
}
