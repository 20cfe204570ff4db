package store

// Names: of computations (Fingerprint) and of bytes (Digest). Two types, so that one is never taken for the other.

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
)

// Fingerprint names a computation: SHA-256 of a stage's description and its inputs' fingerprints.
type Fingerprint [32]byte

// Digest names bytes: SHA-256 of a file.
type Digest [32]byte

// String is the fingerprint in hex, 64 digits.
func (f Fingerprint) String() string { return hex.EncodeToString(f[:]) }

// Short is the first 12 digits of String, enough for people.
func (f Fingerprint) Short() string { return f.String()[:12] }

// MarshalText is String as bytes.
func (f Fingerprint) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads what MarshalText wrote, and nothing else.
func (f *Fingerprint) UnmarshalText(text []byte) error { return unmarshal((*[32]byte)(f), text) }

// String is the digest in hex, 64 digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// Short is the first 12 digits of String, enough for people.
func (d Digest) Short() string { return d.String()[:12] }

// MarshalText is String as bytes.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText wrote, and nothing else.
func (d *Digest) UnmarshalText(text []byte) error { return unmarshal((*[32]byte)(d), text) }

func unmarshal(to *[32]byte, text []byte) error {
	var b [32]byte
	if len(text) != 64 {
		return fmt.Errorf("%q: 64 hexadecimal digits expected", text)
	}
	if _, err := hex.Decode(b[:], text); err != nil || hex.EncodeToString(b[:]) != string(text) {
		return fmt.Errorf("%q: 64 lower-case hexadecimal digits expected", text)
	}
	*to = b
	return nil
}

// HashFile returns the digest and the size of the file at path. It reads in pieces.
func HashFile(path string) (Digest, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return Digest{}, 0, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.CopyBuffer(struct{ io.Writer }{h}, f, make([]byte, 1<<20))
	if err != nil {
		return Digest{}, n, fmt.Errorf("%s: %w", path, err)
	}
	return Digest(h.Sum(nil)), n, nil
}
