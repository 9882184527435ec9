package main

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Why Entente refuses what x/mod takes: the closed list, each as a predicate on the bytes, written
// from docs/ledger.md and not from the parsers. Every predicate must hold alone for some input of
// every run, or it is not needed.
type reason string

const (
	tooLarge      reason = "note: more than 64 KiB"
	emptyLine     reason = "note: an empty line in the text"
	deleteByte    reason = "note: the control byte DEL in the text"
	manySigs      reason = "note: more than 64 signatures"
	looseSig      reason = "note: a signature's base64 is not canonical"
	longName      reason = "note: a key name of more than 192 bytes"
	invisibleName reason = "note: a key name with what cannot be seen"
	extension     reason = "checkpoint: more than three lines"
	longOrigin    reason = "checkpoint: an origin of more than 192 bytes"
	plusOrigin    reason = "checkpoint: an origin with a plus"
	blankOrigin   reason = "checkpoint: an origin with a blank at an end"
	unseenOrigin  reason = "checkpoint: an origin with what cannot be seen"
	looseRoot     reason = "checkpoint: the root's base64 is not canonical"
	upperCaseID   reason = "vkey: an id in upper case"
	looseKey      reason = "vkey: base64 that is not canonical"
	badPoint      reason = "vkey: no point of the prime-order subgroup"
	badKeyName    reason = "vkey: a name too long, or with what cannot be seen"
	signsTwice    reason = "signature: a known key signs twice"
	noCheckpoint  reason = "signature: a known witness under what is no checkpoint"
	weakKey       reason = "ed25519: the key is no point of the prime-order subgroup"
	smallR        reason = "ed25519: the first half is a point of small order"
)

var allReasons = []reason{tooLarge, emptyLine, deleteByte, manySigs, looseSig, longName,
	invisibleName, extension, longOrigin, plusOrigin, blankOrigin, unseenOrigin, looseRoot,
	upperCaseID, looseKey, badPoint, badKeyName, signsTwice, noCheckpoint, weakKey, smallR}

type reasons []reason

func (r *reasons) add(holds bool, why reason) {
	if holds {
		*r = append(*r, why)
	}
}

// isUnseen: controls, blanks but ' ', and Unicode's Default_Ignorable_Code_Point with the
// interlinear annotations.
func isUnseen(r rune) bool {
	if r == ' ' {
		return false
	}
	if unicode.IsControl(r) || unicode.Is(unicode.White_Space, r) ||
		unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) {
		return true
	}
	return unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r) &&
		(r < 0x13430 || r > 0x1343F)
}

func hasUnseen(s string) bool { return strings.IndexFunc(s, isUnseen) >= 0 }

// isLoose: it decodes, but is not how its bytes are encoded.
func isLoose(s string) bool {
	b, err := base64.StdEncoding.DecodeString(s)
	return err == nil && base64.StdEncoding.EncodeToString(b) != s
}

// noteReasons: msg is a note for x/mod, text what it takes for its text.
func noteReasons(msg []byte, text string) reasons {
	var r reasons
	r.add(len(msg) > 64<<10, tooLarge)
	r.add(text[0] == '\n' || strings.Contains(text, "\n\n"), emptyLine)
	r.add(strings.ContainsRune(text, 0x7F), deleteByte)
	lines := bytes.Split(msg[len(text)+1:], []byte("\n"))
	lines = lines[:len(lines)-1]
	r.add(len(lines) > 64, manySigs)
	var loose, longN, unseen bool
	for _, l := range lines {
		word := strings.SplitN(string(l), " ", 3)
		loose = loose || isLoose(word[2])
		longN = longN || len(word[1]) > 192
		unseen = unseen || hasUnseen(word[1])
	}
	r.add(loose, looseSig)
	r.add(longN, longName)
	r.add(unseen, invisibleName)
	return r
}

func checkpointReasons(text string) reasons {
	var r reasons
	line := strings.SplitN(text, "\n", 4)
	r.add(line[3] != "", extension)
	r.add(len(line[0]) > 192, longOrigin)
	r.add(strings.Contains(line[0], "+"), plusOrigin)
	r.add(strings.Trim(line[0], " ") != line[0], blankOrigin)
	r.add(hasUnseen(line[0]) || !utf8.ValidString(line[0]), unseenOrigin)
	r.add(isLoose(line[2]), looseRoot)
	return r
}

func vkeyReasons(text string) reasons {
	var r reasons
	part := strings.SplitN(text, "+", 3)
	r.add(strings.ToLower(part[1]) != part[1], upperCaseID)
	r.add(isLoose(part[2]), looseKey)
	r.add(!isKey(publicKey(text)), badPoint)
	r.add(len(part[0]) > 192 || hasUnseen(part[0]), badKeyName)
	return r
}
