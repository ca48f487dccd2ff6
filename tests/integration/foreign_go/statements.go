package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
	"github.com/veraison/go-cose"
)

const (
	algorithmEd25519  cose.Algorithm = -19 // RFC 9864, which go-cose does not know yet
	headerKeyID       int64          = 4
	headerClaims      int64          = 15
	claimParty        int64          = 1
	claimConsortium   int64          = 3
	statementMaxBytes                = 65_535
)

// ed25519Verifier lends go-cose the algorithm id of RFC 9864. The header, its
// match with the id and the Sig_structure are all go-cose's.
type ed25519Verifier struct{ key ed25519.PublicKey }

func (ed25519Verifier) Algorithm() cose.Algorithm { return algorithmEd25519 }

func (v ed25519Verifier) Verify(content, signature []byte) error {
	if !ed25519.Verify(v.key, content, signature) {
		return cose.ErrVerification
	}
	return nil
}

// statementChecker checks statements in the log's order: the signature of each,
// and that every party's statements form one chain.
type statementChecker struct {
	consortium string
	keys       map[string][]string
	next       map[string]link
}

type link struct {
	seq  uint64
	prev []byte
}

type payload struct {
	_    struct{} `cbor:",toarray"`
	Seq  uint64
	Prev []byte
	Body cbor.RawMessage
}

func newStatementChecker(consortium string, keys map[string][]string) *statementChecker {
	return &statementChecker{consortium: consortium, keys: keys, next: map[string]link{}}
}

func (c *statementChecker) check(entry []byte) error {
	var message cose.Sign1Message
	if err := message.UnmarshalCBOR(entry); err != nil {
		return err
	}
	again, err := message.MarshalCBOR()
	if err != nil {
		return err
	}
	if len(entry) > statementMaxBytes || !bytes.Equal(again, entry) || len(message.Headers.Unprotected) != 0 {
		return errors.New("not in its one form")
	}
	party, err := c.party(message.Headers.Protected)
	if err != nil {
		return err
	}
	key, err := c.key(party, message.Headers.Protected[headerKeyID])
	if err != nil {
		return err
	}
	if err := message.Verify(nil, ed25519Verifier{key}); err != nil {
		return err
	}
	return c.extend(party, message.Payload, entry)
}

// party returns who says that it has signed, for this consortium.
func (c *statementChecker) party(header cose.ProtectedHeader) (string, error) {
	claims, ok := header[headerClaims].(map[any]any)
	if !ok {
		return "", errors.New("no claims")
	}
	party, ok := claims[claimParty].(string)
	if !ok || claims[claimConsortium] != c.consortium {
		return "", errors.New("claims for another consortium")
	}
	return party, nil
}

// key returns the key of the party that has this key id.
func (c *statementChecker) key(party string, keyID any) (ed25519.PublicKey, error) {
	for _, text := range c.keys[party] {
		key, err := hex.DecodeString(text)
		if err != nil || len(key) != ed25519.PublicKeySize {
			return nil, errors.New("keys.json holds what is no Ed25519 key")
		}
		hash := sha256.Sum256(key)
		if id, ok := keyID.([]byte); ok && bytes.Equal(id, hash[:]) {
			return key, nil
		}
	}
	return nil, fmt.Errorf("a key that is not one of %s's", party)
}

func (c *statementChecker) extend(party string, raw, entry []byte) error {
	var said payload
	if err := cbor.Unmarshal(raw, &said); err != nil {
		return err
	}
	want, ok := c.next[party]
	if !ok {
		want = link{prev: make([]byte, sha256.Size)}
	}
	if said.Seq != want.seq || !bytes.Equal(said.Prev, want.prev) {
		return fmt.Errorf("does not extend the chain of %s", party)
	}
	hash := sha256.Sum256(entry)
	c.next[party] = link{seq: said.Seq + 1, prev: hash[:]}
	return nil
}
