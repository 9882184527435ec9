// What C2SP's specifications say, over golang.org/x/mod/sumdb's notes and trees: verifier keys of
// both Ed25519 types, checkpoints, proofs. Nothing here was ported from Entente.
package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const algCosignature = 0x04

// cosigner verifies cosignature/v1 lines, which x/mod does not know.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (c *cosigner) Name() string    { return c.name }
func (c *cosigner) KeyHash() uint32 { return c.hash }

func cosignatureMessage(time uint64, text []byte) []byte {
	return append([]byte(fmt.Sprintf("cosignature/v1\ntime %d\n", time)), text...)
}

// Verify: sig is the time, big-endian, and the signature. Only checkpoints are cosigned.
func (c *cosigner) Verify(text, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	time := binary.BigEndian.Uint64(sig)
	if _, err := parseCheckpoint(string(text)); err != nil || time == 0 || time > 1<<63-1 {
		return false
	}
	return ed25519.Verify(c.key, cosignatureMessage(time, text), sig[8:])
}

func keyHash(name string, alg byte, key []byte) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n"+string(rune(alg))), key...))
	return binary.BigEndian.Uint32(sum[:])
}

// newVerifier takes vkeys of type 0x01, which are x/mod's own, and 0x04.
func newVerifier(vkey string) (note.Verifier, error) {
	part := strings.SplitN(vkey, "+", 3)
	if len(part) != 3 {
		return nil, errors.New("malformed verifier key")
	}
	key, err := base64.StdEncoding.DecodeString(part[2])
	if err != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != algCosignature {
		return note.NewVerifier(vkey)
	}
	// The name is judged by x/mod, with the same key under its own type.
	own, err := note.NewEd25519VerifierKey(part[0], key[1:])
	if err != nil {
		return nil, err
	}
	if _, err = note.NewVerifier(own); err != nil {
		return nil, err
	}
	hash, err := strconv.ParseUint(part[1], 16, 32)
	if err != nil || len(part[1]) != 8 || uint32(hash) != keyHash(part[0], algCosignature, key[1:]) {
		return nil, errors.New("verifier key with the id of another key")
	}
	return &cosigner{part[0], uint32(hash), key[1:]}, nil
}

func publicKey(vkey string) ed25519.PublicKey {
	part := strings.SplitN(vkey, "+", 3)
	key, err := base64.StdEncoding.DecodeString(part[len(part)-1])
	if err != nil || len(key) != 1+ed25519.PublicKeySize {
		return nil
	}
	return key[1:]
}

type checkpoint struct {
	origin string
	tlog.Tree
}

// parseCheckpoint: x/mod knows one origin only, and that in the first line.
func parseCheckpoint(text string) (*checkpoint, error) {
	i := strings.IndexByte(text, '\n')
	if i <= 0 {
		return nil, errors.New("malformed checkpoint")
	}
	tree, err := tlog.ParseTree([]byte("go.sum database tree" + text[i:]))
	if err != nil {
		return nil, errors.New("malformed checkpoint")
	}
	return &checkpoint{text[:i], tree}, nil
}

// openCheckpoint: signed by every one of these keys, the first of which is the log's.
func openCheckpoint(msg []byte, vkeys []string) (*checkpoint, error) {
	var list []note.Verifier
	for _, k := range vkeys {
		v, err := newVerifier(k)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	n, err := note.Open(msg, note.VerifierList(list...))
	if err != nil {
		return nil, err
	}
	if len(n.Sigs) != len(list) {
		return nil, fmt.Errorf("signed by %d of %d keys", len(n.Sigs), len(list))
	}
	for _, s := range n.Sigs {
		if isLoose(s.Base64) { // or a flipped bit goes unseen
			return nil, errors.New("base64 that is not canonical")
		}
	}
	cp, err := parseCheckpoint(n.Text)
	if err != nil {
		return nil, err
	}
	if cp.origin != list[0].Name() {
		return nil, errors.New("origin is not the name of the log's key")
	}
	return cp, nil
}

// parseDecimal: no sign, no leading zero.
func parseDecimal(s string) (int64, error) {
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil || v < 0 || strconv.FormatInt(v, 10) != s {
		return 0, errors.New("malformed number")
	}
	return v, nil
}

func parseHashes(lines []string) ([]tlog.Hash, error) {
	var list []tlog.Hash
	for _, l := range lines {
		raw, err := base64.StdEncoding.Strict().DecodeString(l)
		if err != nil || len(raw) != tlog.HashSize {
			return nil, errors.New("malformed hash")
		}
		list = append(list, *(*tlog.Hash)(raw))
	}
	return list, nil
}

type logProof struct {
	extra  []byte
	index  int64
	hashes []tlog.Hash
	note   []byte
}

// parseProof reads a tlog-proof.
func parseProof(b []byte) (*logProof, error) {
	head, rest, ok := strings.Cut(string(b), "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || lines[0] != "c2sp.org/tlog-proof@v1" {
		return nil, errors.New("malformed proof: first line")
	}
	p := &logProof{note: []byte(rest)}
	lines = lines[1:]
	var err error
	if len(lines) > 0 && strings.HasPrefix(lines[0], "extra ") {
		p.extra, err = base64.StdEncoding.Strict().DecodeString(lines[0][len("extra "):])
		if err != nil {
			return nil, errors.New("malformed proof: extra")
		}
		lines = lines[1:]
	}
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "index ") {
		return nil, errors.New("malformed proof: no index")
	}
	if p.index, err = parseDecimal(lines[0][len("index "):]); err != nil {
		return nil, errors.New("malformed proof: index")
	}
	if p.hashes, err = parseHashes(lines[1:]); err != nil {
		return nil, errors.New("malformed proof: hash")
	}
	return p, nil
}

// checkConsistency: x/mod refuses the empty tree, of which every tree is a continuation.
func checkConsistency(older, newer tlog.Tree, proof []tlog.Hash) error {
	if older.N == 0 {
		if older.Hash != emptyRoot || len(proof) != 0 {
			return errors.New("proof for the empty tree is not empty")
		}
		return nil
	}
	return tlog.CheckTree(proof, newer.N, newer.Hash, older.N, older.Hash)
}

var emptyRoot = tlog.Hash(sha256.Sum256(nil))
