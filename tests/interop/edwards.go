package main

import (
	"crypto/ed25519"
	"math/big"
)

// Just enough of edwards25519 to say which keys and signatures one rule for everyone leaves out
// (docs/ledger.md); slow and plain.

func number(decimal string) *big.Int {
	n, _ := new(big.Int).SetString(decimal, 10)
	return n
}

var (
	fieldP = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	groupL = new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), 252),
		number("27742317777372353535851937790883648493"))
	curveD = mul(big.NewInt(-121665), inverse(big.NewInt(121666)))
)

func mod(a *big.Int) *big.Int     { return a.Mod(a, fieldP) }
func mul(a, b *big.Int) *big.Int  { return mod(new(big.Int).Mul(a, b)) }
func plus(a, b *big.Int) *big.Int { return mod(new(big.Int).Add(a, b)) }
func less(a, b *big.Int) *big.Int { return mod(new(big.Int).Sub(a, b)) }
func inverse(a *big.Int) *big.Int { return new(big.Int).ModInverse(a, fieldP) }

// A point as X/Z, Y/Z.
type point struct{ x, y, z *big.Int }

func (p point) isIdentity() bool { return p.x.Sign() == 0 && p.y.Cmp(p.z) == 0 }

// add: the complete law of the curve -x^2 + y^2 = 1 + d x^2 y^2.
func add(p, q point) point {
	a := mul(p.z, q.z)
	b := mul(a, a)
	c, d := mul(p.x, q.x), mul(p.y, q.y)
	e := mul(curveD, mul(c, d))
	f, g := less(b, e), plus(b, e)
	x := less(less(mul(plus(p.x, p.y), plus(q.x, q.y)), c), d)
	return point{mul(mul(a, f), x), mul(mul(a, g), plus(d, c)), mul(f, g)}
}

func times(k *big.Int, p point) point {
	r := point{big.NewInt(0), big.NewInt(1), big.NewInt(1)}
	for i := k.BitLen() - 1; i >= 0; i-- {
		r = add(r, r)
		if k.Bit(i) == 1 {
			r = add(r, p)
		}
	}
	return r
}

// decode: nil for what is no point, or another spelling of one.
func decode(b []byte) *point {
	var be [32]byte
	for i := range be {
		be[i] = b[31-i]
	}
	odd := uint(be[0] >> 7)
	be[0] &= 0x7F
	y := new(big.Int).SetBytes(be[:])
	if y.Cmp(fieldP) >= 0 {
		return nil
	}
	yy := mul(y, y)
	xx := mul(less(yy, big.NewInt(1)), inverse(plus(mul(curveD, yy), big.NewInt(1))))
	x := new(big.Int).ModSqrt(xx, fieldP)
	if x == nil || x.Sign() == 0 && odd == 1 {
		return nil
	}
	if x.Bit(0) != odd {
		x.Sub(fieldP, x)
	}
	return &point{x, y, big.NewInt(1)}
}

// isKey: a point of the prime-order subgroup, and not the identity, spelt in the one way.
func isKey(key []byte) bool {
	p := decode(key)
	return p != nil && !p.isIdentity() && times(groupL, *p).isIdentity()
}

// isSmall: its eightfold is nothing.
func isSmall(r []byte) bool {
	p := decode(r)
	return p != nil && times(big.NewInt(8), *p).isIdentity()
}

// goAccepts: what crypto/ed25519 says; the message may be anything.
func goAccepts(key, sig, msg []byte) bool {
	return ed25519.Verify(ed25519.PublicKey(key), msg, sig)
}
