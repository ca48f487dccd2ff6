// Logcheck checks an exported Hanse log with programs that are not ours: the
// signatures and the tree with golang.org/x/mod, the cosignatures with
// transparency-dev/formats, the statements with go-cose.
//
//	logcheck DIR
//	logcheck fork FILE POLICY
//
// DIR holds checkpoint, tile/..., policy and keys.json, as `hanse log export`
// writes them. Logcheck exits 0 when all of it fits together, and 1 with a
// sentence on standard error when something does not. With `fork` it checks
// evidence that the log was forked, under the log keys of a policy file.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) == 4 && os.Args[1] == "fork" {
		smaller, larger, err := checkFork(os.Args[2], os.Args[3])
		if err != nil {
			fmt.Fprintln(os.Stderr, "logcheck:", err)
			os.Exit(1)
		}
		fmt.Printf("logcheck: forked, %d and %d entries\n", smaller, larger)
		return
	}
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: logcheck DIR | logcheck fork FILE POLICY")
		os.Exit(2)
	}
	size, err := check(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "logcheck:", err)
		os.Exit(1)
	}
	fmt.Printf("logcheck: %d entries hold\n", size)
}

// check verifies the export in dir and returns how many entries it has.
func check(dir string) (int64, error) {
	raw, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return 0, err
	}
	policy, err := os.ReadFile(filepath.Join(dir, "policy"))
	if err != nil {
		return 0, err
	}
	head, err := openCheckpoint(raw, policy)
	if err != nil {
		return 0, fmt.Errorf("checkpoint: %w", err)
	}
	entries, err := readEntries(dir, head.tree.N)
	if err != nil {
		return 0, fmt.Errorf("entries: %w", err)
	}
	if err := checkTree(dir, head.tree, entries); err != nil {
		return 0, fmt.Errorf("tree: %w", err)
	}
	keys, err := readKeys(filepath.Join(dir, "keys.json"))
	if err != nil {
		return 0, fmt.Errorf("keys.json: %w", err)
	}
	statements := newStatementChecker(head.origin, keys)
	for index, entry := range entries {
		if err := statements.check(entry); err != nil {
			return 0, fmt.Errorf("statement %d: %w", index, err)
		}
	}
	return head.tree.N, nil
}

// readKeys reads which statement keys each party has had, in hex.
func readKeys(path string) (map[string][]string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var keys map[string][]string
	return keys, json.Unmarshal(raw, &keys)
}
