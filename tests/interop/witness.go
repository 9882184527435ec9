package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A witness as tlog-witness describes it, and nothing more; what it knows is kept in memory, which
// is enough for a witness that lives as long as one test.
type witnessServer struct {
	lock sync.Mutex
	name string
	key  ed25519.PrivateKey
	logs map[string]note.Verifier // by origin
	last map[string]tlog.Tree
}

type request struct {
	old   int64
	proof []tlog.Hash
	note  []byte
}

func parseRequest(b []byte) (*request, error) {
	head, rest, ok := strings.Cut(string(b), "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || !strings.HasPrefix(lines[0], "old ") || len(lines) > 1+63 {
		return nil, errors.New("malformed request")
	}
	old, err := parseDecimal(lines[0][len("old "):])
	if err != nil {
		return nil, err
	}
	proof, err := parseHashes(lines[1:])
	if err != nil {
		return nil, err
	}
	return &request{old, proof, []byte(rest)}, nil
}

func (w *witnessServer) cosign(text string) string {
	var stamp [12]byte
	now := uint64(time.Now().Unix())
	pub := w.key.Public().(ed25519.PublicKey)
	binary.BigEndian.PutUint32(stamp[:], keyHash(w.name, algCosignature, pub))
	binary.BigEndian.PutUint64(stamp[4:], now)
	sig := ed25519.Sign(w.key, cosignatureMessage(now, []byte(text)))
	return "— " + w.name + " " + base64.StdEncoding.EncodeToString(append(stamp[:], sig...)) + "\n"
}

// decide: status and body, in the order of the specification.
func (w *witnessServer) decide(body []byte) (int, string) {
	r, err := parseRequest(body)
	if err != nil {
		return http.StatusBadRequest, err.Error()
	}
	text, good := goNote(r.note)
	if !good {
		return http.StatusBadRequest, "malformed note"
	}
	cp, err := parseCheckpoint(text)
	if err != nil {
		return http.StatusBadRequest, err.Error()
	}
	v, known := w.logs[cp.origin]
	if !known {
		return http.StatusNotFound, "unknown log"
	}
	if _, err = note.Open(r.note, note.VerifierList(v)); err != nil {
		return http.StatusForbidden, err.Error()
	}
	if r.old > cp.N {
		return http.StatusBadRequest, "old size above the new one"
	}
	w.lock.Lock()
	defer w.lock.Unlock()
	last, known := w.last[cp.origin]
	if !known {
		last = tlog.Tree{N: 0, Hash: emptyRoot}
	}
	if r.old != last.N {
		return http.StatusConflict, fmt.Sprintf("%d\n", last.N)
	}
	if cp.N == 0 && cp.Hash != emptyRoot || r.old == cp.N && cp.Hash != last.Hash {
		return http.StatusUnprocessableEntity, "another root"
	}
	if err = checkConsistency(last, cp.Tree, r.proof); err != nil {
		return http.StatusUnprocessableEntity, err.Error()
	}
	w.last[cp.origin] = cp.Tree
	return http.StatusOK, w.cosign(text)
}

func (w *witnessServer) ServeHTTP(out http.ResponseWriter, in *http.Request) {
	if in.Method != http.MethodPost || !strings.HasSuffix(in.URL.Path, "/add-checkpoint") {
		http.NotFound(out, in)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(out, in.Body, 1<<20))
	if err != nil {
		http.Error(out, "too large", http.StatusRequestEntityTooLarge)
		return
	}
	status, answer := w.decide(body)
	if status == http.StatusConflict {
		out.Header().Set("Content-Type", "text/x.tlog.size")
	}
	out.WriteHeader(status)
	io.WriteString(out, answer)
}

// witness prints its address and its verifier key, then serves until standard input ends.
func witness(name, seed string, vkeys []string) error {
	raw, err := hex.DecodeString(seed)
	if err != nil || len(raw) != ed25519.SeedSize {
		return errors.New("seed is not 32 bytes of hexadecimal")
	}
	w := &witnessServer{name: name, key: ed25519.NewKeyFromSeed(raw),
		logs: map[string]note.Verifier{}, last: map[string]tlog.Tree{}}
	for _, k := range vkeys {
		v, err := newVerifier(k)
		if err != nil {
			return err
		}
		w.logs[v.Name()] = v
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	pub := w.key.Public().(ed25519.PublicKey)
	fmt.Printf("%s %s\n", listener.Addr(), vkeyOf(name, algCosignature, pub))
	go http.Serve(listener, w)
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}
