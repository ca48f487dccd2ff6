package main

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// seen is a checkpoint as evidence holds it: verbatim.
type seen struct {
	Checkpoint string `json:"checkpoint"`
}

// forkEvidence is what a file of kind "fork" says.
type forkEvidence struct {
	Format     string   `json:"format"`
	Kind       string   `json:"kind"`
	Smaller    seen     `json:"smaller"`
	Larger     seen     `json:"larger"`
	PrefixRoot string   `json:"prefix_root"`
	Path       []string `json:"path"`
}

// checkFork verifies that two checkpoints which the log has signed contradict
// each other, and returns their sizes: x/mod opens both notes, proves that the
// larger tree begins with the prefix root, and the smaller one has another.
func checkFork(file, policy string) (int64, int64, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return 0, 0, err
	}
	var fork forkEvidence
	if err := json.Unmarshal(raw, &fork); err != nil {
		return 0, 0, err
	}
	if fork.Format != "hanse-log-evidence/1" || fork.Kind != "fork" {
		return 0, 0, errors.New("not evidence of a fork")
	}
	lines, err := os.ReadFile(policy)
	if err != nil {
		return 0, 0, err
	}
	smaller, err := openSigned(fork.Smaller, string(lines))
	if err != nil {
		return 0, 0, fmt.Errorf("smaller: %w", err)
	}
	larger, err := openSigned(fork.Larger, string(lines))
	if err != nil {
		return 0, 0, fmt.Errorf("larger: %w", err)
	}
	hashes, err := readHashes(append(fork.Path, fork.PrefixRoot))
	if err != nil {
		return 0, 0, err
	}
	path, prefix := hashes[:len(hashes)-1], hashes[len(hashes)-1]
	if smaller.origin != larger.origin {
		return 0, 0, errors.New("two logs")
	}
	if err := tlog.CheckTree(path, larger.tree.N, larger.tree.Hash, smaller.tree.N, prefix); err != nil {
		return 0, 0, err
	}
	if prefix == smaller.tree.Hash {
		return 0, 0, errors.New("the two trees fit together")
	}
	return smaller.tree.N, larger.tree.N, nil
}

// openSigned opens a checkpoint with the log keys of a tlog-policy file.
func openSigned(from seen, policy string) (head, error) {
	keys, err := logKeys(policy)
	if err != nil {
		return head{}, err
	}
	opened, err := note.Open([]byte(from.Checkpoint), note.VerifierList(keys...))
	if err != nil {
		return head{}, err
	}
	return parseHead(opened.Text)
}

func readHashes(texts []string) ([]tlog.Hash, error) {
	var hashes []tlog.Hash
	for _, text := range texts {
		raw, err := hex.DecodeString(text)
		if err != nil || len(raw) != tlog.HashSize {
			return nil, errors.New("bad hash")
		}
		hashes = append(hashes, tlog.Hash(raw))
	}
	return hashes, nil
}
