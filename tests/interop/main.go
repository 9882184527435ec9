// C2SP's formats as golang.org/x/mod/sumdb sees them, to check what Entente writes:
//
//	peer verify tree DIR VKEY [VKEY...]               a static tree; cosigned by these witnesses,
//	                                                  its entries notes of these authors
//	peer verify consistency DIR DIR VKEY              the first is the beginning of the second
//	peer verify receipt FILE LOGVKEY [WITNESSVKEY...]
//	peer verify checkpoint FILE LOGVKEY [WITNESSVKEY...]
//	peer verify policy POLICY FILE [VKEY...]          a receipt, by the keys and quorum of a policy;
//	                                                  its entry is a note of one of these authors
//	peer time N POLICY FILE AUTHORVKEY                seconds for a check of a receipt and of the
//	                                                  statement in it, of N
//	peer flip PATH verify ...                         with any bit of what is at PATH flipped, the
//	                                                  same must be refused, and without accepted
//	peer witness NAME SEEDHEX LOGVKEY...              a witness on loopback, until its input ends
//	peer differ PROGRAM KEYFILE VECTORS FILE...       our parsers and x/mod's, on the same bytes
package main

import (
	"errors"
	"fmt"
	"os"
)

func run(args []string) error {
	usage := errors.New("wrong arguments")
	if len(args) < 2 {
		return usage
	}
	switch {
	case args[0] == "verify" && len(args) >= 4:
		return verify(args[1], args[2:])
	case args[0] == "time" && len(args) == 5:
		return timeReceipt(args[1], args[2], args[3], args[4])
	case args[0] == "flip" && len(args) >= 6 && args[2] == "verify":
		return flip(args[1], func() error { return verify(args[3], args[4:]) })
	case args[0] == "witness" && len(args) >= 4:
		return witness(args[1], args[2], args[3:])
	case args[0] == "differ" && len(args) >= 5:
		return differ(args[1], args[2], args[3], args[4:])
	}
	return usage
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}
