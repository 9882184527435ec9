package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A trust policy (tlog-policy). A witness is a group without members.
type group struct {
	need    int
	members []string
	key     note.Verifier
}

type policy struct {
	logs   map[string]note.Verifier
	groups map[string]group
	used   map[string]bool // public keys
	quorum string
}

func (p *policy) takeKey(vkey string) (note.Verifier, error) {
	v, err := newVerifier(vkey)
	if err != nil {
		return nil, err
	}
	if pub := string(publicKey(vkey)); p.used[pub] {
		return nil, errors.New("one key twice")
	} else {
		p.used[pub] = true
	}
	return v, nil
}

func (p *policy) takeGroup(word []string) error {
	g := group{members: word[3:]}
	switch word[2] {
	case "any":
		g.need = 1
	case "all":
		g.need = len(g.members)
	default:
		need, err := strconv.Atoi(word[2])
		if err != nil {
			return err
		}
		g.need = need
	}
	if g.need < 1 || g.need > len(g.members) {
		return errors.New("threshold out of range")
	}
	for _, m := range g.members {
		if _, ok := p.groups[m]; !ok {
			return fmt.Errorf("unknown member %q", m)
		}
	}
	return p.define(word[1], g)
}

func (p *policy) define(name string, g group) error {
	if _, ok := p.groups[name]; ok || name == "none" {
		return fmt.Errorf("name %q twice", name)
	}
	p.groups[name] = g
	return nil
}

func (p *policy) takeLine(word []string) error {
	switch {
	case word[0] == "log" && (len(word) == 2 || len(word) == 3):
		v, err := p.takeKey(word[1])
		if err == nil {
			p.logs[v.Name()] = v
		}
		return err
	case word[0] == "witness" && (len(word) == 3 || len(word) == 4):
		v, err := p.takeKey(word[2])
		if err != nil {
			return err
		}
		return p.define(word[1], group{key: v})
	case word[0] == "group" && len(word) >= 4:
		return p.takeGroup(word)
	case word[0] == "quorum" && len(word) == 2 && p.quorum == "":
		if _, ok := p.groups[word[1]]; !ok && word[1] != "none" {
			return errors.New("unknown quorum")
		}
		p.quorum = word[1]
		return nil
	}
	return errors.New("malformed line")
}

func parsePolicy(text string) (*policy, error) {
	p := &policy{logs: map[string]note.Verifier{}, groups: map[string]group{},
		used: map[string]bool{}}
	for i, l := range strings.Split(text, "\n") {
		word := strings.FieldsFunc(l, func(r rune) bool { return r == ' ' || r == '\t' })
		if len(word) == 0 || word[0][0] == '#' {
			continue
		}
		if err := p.takeLine(word); err != nil {
			return nil, fmt.Errorf("policy, line %d: %v", i+1, err)
		}
	}
	if p.quorum == "" {
		return nil, errors.New("policy without a quorum")
	}
	return p, nil
}

func (p *policy) holds(name string, signed map[string]bool) bool {
	if name == "none" {
		return true
	}
	g := p.groups[name]
	if g.key != nil {
		return signed[fmt.Sprint(g.key.Name(), g.key.KeyHash())]
	}
	n := 0
	for _, m := range g.members {
		if p.holds(m, signed) {
			n++
		}
	}
	return n >= g.need
}

// open: the checkpoint in msg, when the policy trusts it.
func (p *policy) open(msg []byte) (*checkpoint, error) {
	text, ok := goNote(msg)
	if !ok {
		return nil, errors.New("malformed note")
	}
	cp, err := parseCheckpoint(text)
	if err != nil {
		return nil, err
	}
	own, ok := p.logs[cp.origin]
	if !ok {
		return nil, errors.New("a log that the policy does not name")
	}
	list := []note.Verifier{own}
	for _, g := range p.groups {
		if g.key != nil {
			list = append(list, g.key)
		}
	}
	n, err := note.Open(msg, note.VerifierList(list...))
	if err != nil {
		return nil, err
	}
	signed := map[string]bool{}
	for _, s := range n.Sigs {
		signed[fmt.Sprint(s.Name, s.Hash)] = true
	}
	if !signed[fmt.Sprint(own.Name(), own.KeyHash())] {
		return nil, errors.New("not signed by its log")
	}
	if !p.holds(p.quorum, signed) {
		return nil, errors.New("not cosigned by the quorum")
	}
	return cp, nil
}

func readPolicy(file string) (*policy, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return parsePolicy(string(text))
}

// check: a receipt in bytes; what it shows.
func (p *policy) check(receipt []byte) (*logProof, error) {
	proof, err := parseProof(receipt)
	if err != nil {
		return nil, err
	}
	cp, err := p.open(proof.note)
	if err != nil {
		return nil, err
	}
	return proof, checkInclusion(proof, cp.Tree)
}

// verifyPolicy: with authors, the entry must be a note of one of them.
func verifyPolicy(policyFile, file string, authors ...string) error {
	p, err := readPolicy(policyFile)
	if err != nil {
		return err
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	proof, err := p.check(b)
	if err != nil || len(authors) == 0 {
		return err
	}
	return (&staticTree{entries: [][]byte{proof.extra}}).checkEntries(authors)
}

// timeReceipt prints the seconds that one check takes, without reading and the start of a process.
func timeReceipt(times, policyFile, file, author string) error {
	n, err := strconv.Atoi(times)
	if err != nil || n < 1 {
		return errors.New("how often?")
	}
	p, err := readPolicy(policyFile)
	if err != nil {
		return err
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	key, err := newVerifier(author)
	if err != nil {
		return err
	}
	start := time.Now()
	for i := 0; i < n; i++ {
		proof, err := p.check(b)
		if err != nil {
			return err
		}
		if _, err = note.Open(proof.extra, note.VerifierList(key)); err != nil {
			return err
		}
	}
	fmt.Println(time.Since(start).Seconds() / float64(n))
	return nil
}

func checkInclusion(p *logProof, tree tlog.Tree) error {
	if p.extra == nil {
		return errors.New("no entry in the proof")
	}
	if p.index >= tree.N {
		return errors.New("index is not in the tree")
	}
	return tlog.CheckRecord(p.hashes, tree.N, tree.Hash, p.index, tlog.RecordHash(p.extra))
}
