package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// The same bytes to Entente's parsers (tests/peers/notes_verdict.c) and to x/mod's. What x/mod says,
// less what the closed list of reasons takes away, must be what Entente says, word by word: what is
// accepted, where the text ends, which origin, size and root, and which keys signed when.

type input struct {
	kind  byte
	bytes []byte
}

type model struct {
	keys  []note.Verifier
	seen  map[reason]int
	alone map[reason]int
	both  int // accepted by both
}

// drop says whether x/mod's "yes" becomes a "no".
func (m *model) drop(r reasons) bool {
	for _, why := range r {
		m.seen[why]++
	}
	if len(r) == 1 {
		m.alone[r[0]]++
	}
	return len(r) > 0
}

// goNote: structure alone; the text when it has one.
func goNote(msg []byte) (string, bool) {
	n, err := note.Open(msg, nil)
	var unverified *note.UnverifiedNoteError
	if errors.As(err, &unverified) {
		return unverified.Note.Text, true
	}
	if err == nil {
		return n.Text, true
	}
	return "", false
}

func (m *model) checkpoint(text string) string {
	cp, err := parseCheckpoint(text)
	if err != nil || m.drop(checkpointReasons(text)) {
		return "-"
	}
	return fmt.Sprintf("%d,%d,%x", len(cp.origin), cp.N, cp.Hash[:])
}

func (m *model) vkey(text string) string {
	v, err := newVerifier(text)
	if err != nil || m.drop(vkeyReasons(text)) {
		return "-"
	}
	if _, ok := v.(*cosigner); ok {
		return "4"
	}
	return "1"
}

func countSigs(msg []byte, v note.Verifier) int {
	n := 0
	for _, l := range strings.Split(string(msg[bytes.LastIndex(msg, []byte("\n\n"))+2:]), "\n") {
		word := strings.SplitN(l, " ", 3)
		if len(word) < 3 {
			continue
		}
		raw, _ := base64.StdEncoding.DecodeString(word[2])
		if word[1] == v.Name() && len(raw) > 4 && binary.BigEndian.Uint32(raw) == v.KeyHash() {
			n++
		}
	}
	return n
}

func (m *model) key(msg []byte, v note.Verifier, head string) string {
	_, cosigns := v.(*cosigner)
	sigs := countSigs(msg, v)
	if cosigns && head == "-" {
		if sigs > 0 {
			m.drop(reasons{noCheckpoint})
		}
		return "bad"
	}
	n, err := note.Open(msg, note.VerifierList(v))
	var unverified *note.UnverifiedNoteError
	if errors.As(err, &unverified) {
		return "none"
	}
	if err != nil {
		return "bad"
	}
	if sigs > 1 {
		m.drop(reasons{signsTwice})
		return "bad"
	}
	if !cosigns {
		return "ok"
	}
	raw, _ := base64.StdEncoding.DecodeString(n.Sigs[0].Base64)
	return fmt.Sprintf("ok@%d", binary.BigEndian.Uint64(raw[4:]))
}

func (m *model) note(msg []byte) string {
	text, good := goNote(msg)
	good = good && !m.drop(noteReasons(msg, text))
	if !good {
		return "- " + m.checkpoint(string(msg)) + " " + m.vkey(string(msg))
	}
	m.both++
	head := m.checkpoint(text)
	line := fmt.Sprintf("%d %s %s", len(text), head, m.vkey(string(msg)))
	for _, v := range m.keys {
		line += " " + m.key(msg, v, head)
	}
	return line
}

func (m *model) signature(b []byte) string {
	key, sig, msg := b[:32], b[32:96], b[96:]
	if !goAccepts(key, sig, msg) {
		return "bad"
	}
	var r reasons
	r.add(!isKey(key), weakKey)
	r.add(isSmall(sig[:32]), smallR)
	if m.drop(r) {
		return "bad"
	}
	m.both++
	return "ok"
}

func (m *model) answer(in input) string {
	if in.kind == 's' {
		return m.signature(in.bytes)
	}
	return m.note(in.bytes)
}

// readVectors: "key signature message" a line.
func readVectors(file string) ([]input, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var list []input
	for _, l := range strings.Split(strings.TrimSuffix(string(b), "\n"), "\n") {
		word := strings.SplitN(l, " ", 3)
		if len(word) != 3 {
			return nil, errors.New("vector without three words")
		}
		raw, err := hex.DecodeString(word[0] + word[1])
		if err != nil || len(raw) != 96 {
			return nil, errors.New("vector with a wrong length")
		}
		list = append(list, input{'s', append(raw, word[2]...)})
	}
	return list, nil
}

func vkeyOf(name string, alg byte, key []byte) []byte {
	b64 := base64.StdEncoding.EncodeToString(append([]byte{alg}, key...))
	return []byte(fmt.Sprintf("%s+%08x+%s", name, keyHash(name, alg, key), b64))
}

// edgeKeys: the keys of the vectors as vkeys of both types, and a good one with odd names.
func edgeKeys(vectors []input, good []byte) []input {
	var list []input
	seen := map[string]bool{}
	for _, v := range vectors {
		for _, alg := range []byte{1, algCosignature} {
			k := vkeyOf("a", alg, v.bytes[:32])
			if !seen[string(k)] {
				list = append(list, input{'n', k})
			}
			seen[string(k)] = true
		}
	}
	names := []string{"", " ", "a ", "caf\u00e9", strings.Repeat("a", 192), strings.Repeat("a", 193)}
	for _, s := range odd {
		names = append(names, s, "a"+s+"b")
	}
	for _, name := range names {
		for _, alg := range []byte{1, algCosignature} {
			list = append(list, input{'n', vkeyOf(name, alg, good)})
		}
	}
	return list
}

const inFlight = 1 << 14

// send: as they are, and seeds with everything near them.
func send(w io.WriteCloser, as []input, seeds [][]byte, sent chan<- input) {
	out := bufio.NewWriterSize(w, 1<<20)
	count := 0
	put := func(in input) {
		if count++; count%(inFlight/2) == 0 {
			out.Flush() // nobody waits for an answer to what was not sent
		}
		head := [5]byte{in.kind}
		binary.LittleEndian.PutUint32(head[1:], uint32(len(in.bytes)))
		out.Write(head[:])
		out.Write(in.bytes)
		sent <- in
	}
	for _, v := range as {
		put(v)
	}
	for _, s := range seeds {
		mutate(s, func(b []byte) { put(input{'n', b}) })
	}
	out.Flush()
	w.Close()
	close(sent)
}

// compare returns how many inputs there were, and how many differ.
func (m *model) compare(answers io.Reader, sent <-chan input) (int, int) {
	lines := bufio.NewScanner(answers)
	lines.Buffer(nil, 1<<16)
	count, bad := 0, 0
	for in := range sent {
		count++
		got := "nothing"
		if lines.Scan() {
			got = lines.Text()
		}
		if want := m.answer(in); got != want {
			if bad++; bad <= 5 {
				fmt.Printf("%c %.300q\n  Entente: %s\n  x/mod less the reasons: %s\n", in.kind,
					in.bytes, got, want)
			}
		}
	}
	return count, bad
}

func (m *model) loadKeys(file string) ([]string, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
	for _, l := range lines {
		v, err := newVerifier(l)
		if err != nil {
			return nil, err
		}
		m.keys = append(m.keys, v)
	}
	return lines, nil
}

// differ: program is a command with its arguments, to which the keys are added.
func differ(program, keyFile, vectorFile string, files []string) error {
	m := &model{seen: map[reason]int{}, alone: map[reason]int{}}
	keys, err := m.loadKeys(keyFile)
	if err != nil {
		return err
	}
	vectors, err := readVectors(vectorFile)
	if err != nil {
		return err
	}
	as := append(edgeKeys(vectors, publicKey(keys[0])), vectors...)
	var seeds [][]byte
	for _, k := range keys {
		seeds = append(seeds, []byte(k))
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		seeds = append(seeds, b)
	}
	args := append(strings.Fields(program), keys...)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err = cmd.Start(); err != nil {
		return err
	}
	sent := make(chan input, inFlight)
	go send(in, as, seeds, sent)
	count, bad := m.compare(out, sent)
	if err = cmd.Wait(); err != nil {
		return err
	}
	return m.report(count, bad)
}

func (m *model) report(count, bad int) error {
	fmt.Printf("%d inputs, %d accepted by both, %d differ\n", count, m.both, bad)
	if bad > 0 {
		return fmt.Errorf("%d of %d inputs differ", bad, count)
	}
	for _, why := range allReasons {
		fmt.Printf("%8d refused by Entente alone, %s\n", m.seen[why], why)
		if m.alone[why] == 0 {
			return fmt.Errorf("no input for which this alone holds: %s", why)
		}
	}
	return nil
}
