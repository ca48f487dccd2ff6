package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/transparency-dev/formats/witness"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type head struct {
	origin string
	tree   tlog.Tree
}

// openCheckpoint verifies a checkpoint by the log lines of a tlog-policy file,
// with x/mod, and by its quorum, with transparency-dev/formats.
func openCheckpoint(raw, policy []byte) (head, error) {
	logs, err := logKeys(string(policy))
	if err != nil {
		return head{}, fmt.Errorf("policy: %w", err)
	}
	opened, err := note.Open(raw, note.VerifierList(logs...))
	if err != nil {
		return head{}, err
	}
	quorum, err := witness.ParsePolicy(policy)
	if err != nil {
		return head{}, fmt.Errorf("policy: %w", err)
	}
	if !quorum.Satisfied(raw) {
		return head{}, errors.New("the cosignatures are not those that the policy asks for")
	}
	parsed, err := parseHead(opened.Text)
	if err != nil {
		return head{}, err
	}
	for _, signature := range opened.Sigs {
		if signature.Name != parsed.origin {
			return head{}, errors.New("signed by another log")
		}
	}
	return parsed, nil
}

func logKeys(policy string) ([]note.Verifier, error) {
	var keys []note.Verifier
	for line := range strings.Lines(policy) {
		words := strings.Fields(line)
		if len(words) < 2 || words[0] != "log" {
			continue
		}
		key, err := note.NewVerifier(words[1])
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// parseHead reads the text of a checkpoint without extension lines.
func parseHead(text string) (head, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return head{}, errors.New("a checkpoint has three lines")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || strconv.FormatInt(size, 10) != lines[1] || size < 0 {
		return head{}, errors.New("bad size")
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return head{}, errors.New("bad root")
	}
	return head{origin: lines[0], tree: tlog.Tree{N: size, Hash: tlog.Hash(root)}}, nil
}
