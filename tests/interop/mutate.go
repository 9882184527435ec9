package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
)

const longestSeed = 1200 // of which every bit is flipped

// mutate gives the seed and everything near it that parsers have been known to see differently.
func mutate(seed []byte, emit func([]byte)) {
	emit(seed)
	if len(seed) <= longestSeed {
		mutateBytes(seed, emit)
	}
	mutateLines(seed, emit)
	if i := bytes.LastIndex(seed, []byte("\n\n")); i >= 0 {
		mutateNote(string(seed[:i+1]), string(seed[i+2:]), emit)
	}
}

func mutateBytes(seed []byte, emit func([]byte)) {
	for i := range seed {
		for bit := 0; bit < 8; bit++ {
			b := append([]byte(nil), seed...)
			b[i] ^= 1 << bit
			emit(b)
		}
		emit(seed[:i])
		emit(append(append([]byte(nil), seed[:i]...), seed[i+1:]...))
		for _, s := range []string{"\x00", "\r", "\n", "\t", " ", "\x7f", "+", "=", "A", "0", "\xff"} {
			emit(splice(seed, i, i, s))
		}
	}
}

func splice(b []byte, from, to int, s string) []byte {
	return append(append(append([]byte(nil), b[:from]...), s...), b[to:]...)
}

var odd = []string{"\r", "\x00", " ", "\n", "\n\n", "+", "—", "— ", "\u00a0", "\u0085", "\u1680",
	"\u2003", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000", "\u200b", "\u202e", "\u00ad",
	"\u034f", "\u061c", "\u115f", "\u17b4", "\u180b", "\u180e", "\u2060", "\u2065", "\u3164",
	"\ufe0f", "\ufeff", "\uffa0", "\ufff0", "\ufff9", "\U0001bca0", "\U0001d173", "\U000e0001",
	"\U000e0100", "\u0600", "\u0301", "\ufffd", "\xc3", "\xed\xa0\x80", "\xc0\x80",
	"\xf4\x90\x80\x80"}

// Lines doubled, removed, swapped, with odd characters at their ends and in the middle.
func mutateLines(seed []byte, emit func([]byte)) {
	lines := strings.SplitAfter(string(seed), "\n")
	join := func(parts ...[]string) {
		var all []string
		for _, p := range parts {
			all = append(all, p...)
		}
		emit([]byte(strings.Join(all, "")))
	}
	at := 0
	for i, l := range lines {
		if i >= 12 {
			return
		}
		join(lines[:i+1], lines[i:])
		join(lines[:i], lines[i+1:])
		if i > 0 {
			join(lines[:i-1], []string{l, lines[i-1]}, lines[i+1:])
		}
		for _, s := range odd {
			emit(splice(seed, at, at, s))
			emit(splice(seed, at+len(l)/2, at+len(l)/2, s))
			emit(splice(seed, at+len(strings.TrimSuffix(l, "\n")), at+len(strings.TrimSuffix(l, "\n")), s))
		}
		for _, l2 := range looser(strings.TrimSuffix(l, "\n")) {
			join(lines[:i], []string{l2 + "\n"}, lines[i+1:])
		}
		at += len(l)
	}
}

// looser: the last word as other texts of base64 for nearly the same bytes.
func looser(line string) []string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	i := strings.LastIndexAny(line, " ") + 1
	word := line[i:]
	bare := strings.TrimRight(word, "=")
	if bare == "" {
		return nil
	}
	list := []string{line[:i] + bare, line + "=", line[:i] + bare + "====",
		line[:i] + strings.NewReplacer("+", "-", "/", "_").Replace(word)}
	if v := strings.IndexByte(digits, bare[len(bare)-1]); v >= 0 {
		for _, d := range []int{1, 2, 3, 5} {
			list = append(list, line[:i]+bare[:len(bare)-1]+string(digits[v^d])+word[len(bare):])
		}
	}
	return list
}

func sigLine(name string, sigBytes int) string {
	raw := bytes.Repeat([]byte{7}, 4+sigBytes)
	return "— " + name + " " + base64.StdEncoding.EncodeToString(raw) + "\n"
}

func numbered(from, n int) string {
	var s strings.Builder
	for i := from; i < from+n; i++ {
		s.WriteString(sigLine(fmt.Sprintf("somebody/%d", i), 64))
	}
	return s.String()
}

// Notes: how many signatures, how long, whose, and what heads of logs say.
func mutateNote(text, sigs string, emit func([]byte)) {
	put := func(text, sigs string) { emit([]byte(text + "\n" + sigs)) }
	have := strings.Count(sigs, "\n")
	for _, n := range []int{62, 63, 64, 65, 66, 99, 100, 101} {
		if n > have {
			put(text, sigs+numbered(0, n-have))
			put(text, numbered(0, n-have)+sigs)
		}
	}
	put(text, sigs+sigs)
	put(text, "")
	for _, n := range []int{0, 1, 63, 64, 65, 72, 127, 128, 129, 130, 260, 2428, 4627, 40000, 49152} {
		put(text, sigs+sigLine("somebody", n))
	}
	for _, name := range []string{"", "a+b", "a b", strings.Repeat("a", 192), strings.Repeat("a", 193),
		strings.Repeat("\u00e9", 96), "\u3164", "caf\u00e9", "a\u2003b"} {
		put(text, sigs+sigLine(name, 64))
	}
	for _, n := range []int{65535, 65536, 65537, 70000} {
		if pad := n - len(text) - 1 - len(sigs); pad > 1 {
			put(text+strings.Repeat("x", pad-1)+"\n", sigs)
		}
	}
	mutateHead(text, func(t string) {
		put(t, sigs)
		emit([]byte(t))
	})
}

func mutateHead(text string, put func(string)) {
	line := strings.SplitAfterN(text, "\n", 4)
	if len(line) < 4 {
		return
	}
	put(text) // bare
	for _, n := range []string{"", "0", "00", "1", "01", "+1", "-1", "-0", " 1", "1 ", "1\t", "1.0",
		"1e3", "0x1", "1_000", "\u0661", "\uff11", "9223372036854775806", "9223372036854775807",
		"9223372036854775808", "18446744073709551615", "18446744073709551616",
		"99999999999999999999999999999999999999", "-9223372036854775808"} {
		put(line[0] + n + "\n" + line[2] + line[3])
	}
	for _, n := range []int{0, 31, 32, 33, 64} {
		root := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{9}, n))
		put(line[0] + line[1] + root + "\n" + line[3])
	}
	origins := []string{"", " ", "a", " a", "a ", "a b", "a+b", "\x7f", "caf\u00e9",
		strings.Repeat("a", 191), strings.Repeat("a", 192), strings.Repeat("a", 193)}
	for _, s := range odd {
		origins = append(origins, "a"+s+"b", s)
	}
	for _, o := range origins {
		put(o + "\n" + line[1] + line[2] + line[3])
	}
	for _, more := range []string{"\n", "x\n", "x", "\nx\n"} {
		put(text + more)
	}
}
