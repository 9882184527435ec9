package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"sync"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const tileWidth = 256

// A static tree that was read. level[l] are the hashes of the complete subtrees of 256^l leaves,
// all computed from the entries: tlog.TileHashReader accepts tiles with a flipped byte in the
// version that Debian 12 has (CVE-2026-56865), so no tile is believed here.
type staticTree struct {
	cp      *checkpoint
	entries [][]byte
	level   [][]tlog.Hash
}

// rootOf is RFC 6962 section 2.1 word by word.
func rootOf(leaf []tlog.Hash) tlog.Hash {
	if len(leaf) == 0 {
		return emptyRoot
	}
	if len(leaf) == 1 {
		return leaf[0]
	}
	k := 1
	for 2*k < len(leaf) {
		k *= 2
	}
	return tlog.NodeHash(rootOf(leaf[:k]), rootOf(leaf[k:]))
}

// tilePath: kind is "entries" or a level.
func tilePath(kind string, n, width int) string {
	s := fmt.Sprintf("%03d", n%1000)
	for n /= 1000; n > 0; n /= 1000 {
		s = fmt.Sprintf("x%03d/%s", n%1000, s)
	}
	s = "tile/" + kind + "/" + s
	if width != tileWidth {
		s += fmt.Sprintf(".p/%d", width)
	}
	return s
}

func splitBundle(b []byte) ([][]byte, error) {
	var list [][]byte
	for len(b) > 0 {
		if len(b) < 2 || len(b)-2 < int(binary.BigEndian.Uint16(b)) {
			return nil, errors.New("tile of entries breaks off")
		}
		n := int(binary.BigEndian.Uint16(b))
		list = append(list, b[2:2+n])
		b = b[2+n:]
	}
	return list, nil
}

func (t *staticTree) readEntries(dir string) error {
	for n := 0; int64(len(t.entries)) < t.cp.N; n++ {
		width := tileWidth
		if left := t.cp.N - int64(len(t.entries)); left < tileWidth {
			width = int(left)
		}
		path := tilePath("entries", n, width)
		b, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			return err
		}
		list, err := splitBundle(b)
		if err != nil || len(list) != width {
			return fmt.Errorf("%s has %d entries, not %d: %v", path, len(list), width, err)
		}
		t.entries = append(t.entries, list...)
	}
	return nil
}

func (t *staticTree) hash() {
	var hashes []tlog.Hash
	for _, e := range t.entries {
		hashes = append(hashes, tlog.RecordHash(e))
	}
	t.level = [][]tlog.Hash{hashes}
	for len(hashes) >= tileWidth {
		var above []tlog.Hash
		for i := 0; i+tileWidth <= len(hashes); i += tileWidth {
			above = append(above, rootOf(hashes[i:i+tileWidth]))
		}
		t.level = append(t.level, above)
		hashes = above
	}
}

// ReadHashes makes it a tlog.HashReader of the first len(level[0]) leaves.
func (t *staticTree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var list []tlog.Hash
	for _, i := range indexes {
		level, n := tlog.SplitStoredHashIndex(i)
		list = append(list, rootOf(t.level[0][n<<level:(n+1)<<level]))
	}
	return list, nil
}

var tileShape = regexp.MustCompile(`^tile/(entries|[0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/)*)([0-9]{3})(?:\.p/([1-9][0-9]*))?$`)

func parseTilePath(path string) (kind string, n, width int, err error) {
	m := tileShape.FindStringSubmatch(path)
	if m == nil {
		return "", 0, 0, fmt.Errorf("%s is no path of a tile", path)
	}
	width = tileWidth
	if m[4] != "" {
		width, _ = strconv.Atoi(m[4])
	}
	for i := 0; i < len(m[2]); i += 5 {
		group, _ := strconv.Atoi(m[2][i+1 : i+4])
		n = n*1000 + group
	}
	last, _ := strconv.Atoi(m[3])
	n = n*1000 + last
	if width > tileWidth || tilePath(m[1], n, width) != path {
		return "", 0, 0, fmt.Errorf("%s is no path of a tile", path)
	}
	return m[1], n, width, nil
}

// tileBytes: what must lie there.
func (t *staticTree) tileBytes(kind string, n, width int) ([]byte, error) {
	level := 0
	if kind != "entries" {
		level, _ = strconv.Atoi(kind)
	}
	from, to := n*tileWidth, n*tileWidth+width
	if level >= len(t.level) || to > len(t.level[level]) {
		return nil, errors.New("is beyond the tree")
	}
	var b bytes.Buffer
	for i := from; i < to; i++ {
		if kind != "entries" {
			b.Write(t.level[level][i][:])
			continue
		}
		b.Write([]byte{byte(len(t.entries[i]) >> 8), byte(len(t.entries[i]))})
		b.Write(t.entries[i])
	}
	return b.Bytes(), nil
}

// compareTiles: every file below tile/ is what the entries give, and none is missing.
func (t *staticTree) compareTiles(dir string) (int, error) {
	seen := map[string]bool{}
	err := filepath.WalkDir(filepath.Join(dir, "tile"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		kind, n, width, err := parseTilePath(rel)
		if err != nil {
			return err
		}
		want, err := t.tileBytes(kind, n, width)
		if err != nil {
			return fmt.Errorf("%s %v", rel, err)
		}
		got, err := os.ReadFile(path)
		if err == nil && !bytes.Equal(got, want) {
			err = fmt.Errorf("%s is not what the entries give", rel)
		}
		seen[rel] = true
		return err
	})
	if err != nil && !(t.cp.N == 0 && errors.Is(err, fs.ErrNotExist)) {
		return 0, err
	}
	for l, hashes := range t.level {
		for i := 0; i < len(hashes); i += tileWidth {
			width := len(hashes) - i
			if width > tileWidth {
				width = tileWidth
			}
			path := tilePath(strconv.Itoa(l), i/tileWidth, width)
			if !seen[path] {
				return 0, fmt.Errorf("%s is missing", path)
			}
		}
	}
	return len(seen), nil
}

func openTree(dir string, vkeys ...string) (*staticTree, error) {
	b, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return nil, err
	}
	t := &staticTree{}
	if t.cp, err = openCheckpoint(b, vkeys); err != nil {
		return nil, err
	}
	if err = t.readEntries(dir); err != nil {
		return nil, err
	}
	t.hash()
	if rootOf(t.level[0]) != t.cp.Hash {
		return nil, errors.New("the entries do not give the root")
	}
	if t.cp.N > 0 {
		if h, err := tlog.TreeHash(t.cp.N, t); err != nil || h != t.cp.Hash {
			return nil, fmt.Errorf("x/mod computes another root: %v", err)
		}
	}
	return t, nil
}

// checkEntries: each is a note that one of these keys signed. On all processors.
func (t *staticTree) checkEntries(vkeys []string) error {
	var list []note.Verifier
	for _, k := range vkeys {
		v, err := newVerifier(k)
		if err != nil {
			return err
		}
		list = append(list, v)
	}
	workers := runtime.GOMAXPROCS(0)
	first := make([]error, workers) // by place: the first that is wrong is told
	var wg sync.WaitGroup
	for w := range first {
		wg.Add(1)
		go func(w int) {
			defer wg.Done()
			from, to := w*len(t.entries)/workers, (w+1)*len(t.entries)/workers
			for i := from; i < to && first[w] == nil; i++ {
				if _, err := note.Open(t.entries[i], note.VerifierList(list...)); err != nil {
					first[w] = fmt.Errorf("entry %d: %v", i, err)
				}
			}
		}(w)
	}
	wg.Wait()
	for _, err := range first {
		if err != nil {
			return err
		}
	}
	return nil
}

// verifyTree: further keys are those of witnesses, when they are of their type, or of authors.
func verifyTree(dir, vkey string, more []string) error {
	signers, authors := []string{vkey}, []string{}
	for _, k := range more {
		if v, err := newVerifier(k); err != nil {
			return err
		} else if _, ok := v.(*cosigner); ok {
			signers = append(signers, k)
		} else {
			authors = append(authors, k)
		}
	}
	t, err := openTree(dir, signers...)
	if err != nil {
		return err
	}
	tiles, err := t.compareTiles(dir)
	if err != nil {
		return err
	}
	if len(authors) > 0 {
		if err = t.checkEntries(authors); err != nil {
			return err
		}
	}
	fmt.Printf("tree %s %d %s, %d tiles\n", t.cp.origin, t.cp.N, t.cp.Hash, tiles)
	return nil
}

func verifyConsistency(dir1, dir2, vkey string) error {
	older, err := openTree(dir1, vkey)
	if err != nil {
		return err
	}
	newer, err := openTree(dir2, vkey)
	if err != nil {
		return err
	}
	if older.cp.origin != newer.cp.origin || older.cp.N > newer.cp.N {
		return errors.New("not two heads of one log, the smaller one first")
	}
	if rootOf(newer.level[0][:older.cp.N]) != older.cp.Hash {
		return errors.New("the first is not the beginning of the second")
	}
	if older.cp.N == 0 {
		return nil
	}
	proof, err := tlog.ProveTree(newer.cp.N, older.cp.N, newer)
	if err != nil {
		return err
	}
	return checkConsistency(older.cp.Tree, newer.cp.Tree, proof)
}

func verifyReceipt(file string, vkeys []string) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	p, err := parseProof(b)
	if err != nil {
		return err
	}
	cp, err := openCheckpoint(p.note, vkeys)
	if err != nil {
		return err
	}
	return checkInclusion(p, cp.Tree)
}

func verify(what string, args []string) error {
	switch what {
	case "tree":
		return verifyTree(args[0], args[1], args[2:])
	case "receipt":
		return verifyReceipt(args[0], args[1:])
	case "checkpoint":
		b, err := os.ReadFile(args[0])
		if err != nil {
			return err
		}
		_, err = openCheckpoint(b, args[1:])
		return err
	case "policy":
		return verifyPolicy(args[0], args[1], args[2:]...)
	case "consistency":
		if len(args) == 3 {
			return verifyConsistency(args[0], args[1], args[2])
		}
	}
	return errors.New("wrong arguments")
}
