package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"

	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// cosigner is what a witness keeps of the one log that it knows.
type cosigner struct {
	signer note.Signer
	log    note.Verifier

	lock sync.Mutex
	last tlog.Tree
}

// serve answers add-checkpoint for one log.
func serve(skey string, log note.Verifier) error {
	signer, err := fnote.NewSignerForCosignatureV1(skey)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	made := &cosigner{signer: signer, log: log}
	routes := http.NewServeMux()
	routes.HandleFunc("POST /add-checkpoint", made.addCheckpoint)
	go func() { _ = http.Serve(listener, routes) }()
	fmt.Printf("http://%s\n", listener.Addr())
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

func (c *cosigner) addCheckpoint(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, 16<<10))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	old, path, signed, err := parseBody(string(raw))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	opened, err := note.Open([]byte(signed), note.VerifierList(c.log))
	if err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	tree, err := tlog.ParseTree([]byte("go.sum database tree\n" + withoutOrigin(opened.Text)))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	if old != c.last.N {
		w.Header().Set("Content-Type", "text/x.tlog.size")
		w.WriteHeader(http.StatusConflict)
		fmt.Fprintf(w, "%d\n", c.last.N)
		return
	}
	if old > 0 {
		if err := tlog.CheckTree(path, tree.N, tree.Hash, old, c.last.Hash); err != nil {
			http.Error(w, err.Error(), http.StatusUnprocessableEntity)
			return
		}
	}
	cosigned, err := note.Sign(&note.Note{Text: opened.Text}, c.signer)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	c.last = tree
	w.Header().Set("Content-Type", "text/plain")
	_, lines, _ := strings.Cut(string(cosigned), "\n\n")
	fmt.Fprint(w, lines)
}

// withoutOrigin is what follows the first line of a checkpoint.
func withoutOrigin(text string) string {
	_, rest, _ := strings.Cut(text, "\n")
	return rest
}

// parseBody reads an add-checkpoint body: old size, proof, blank line, note.
func parseBody(raw string) (int64, tlog.TreeProof, string, error) {
	head, signed, ok := strings.Cut(raw, "\n\n")
	lines := strings.Split(head, "\n")
	size, isOld := strings.CutPrefix(lines[0], "old ")
	if !ok || !isOld {
		return 0, nil, "", errors.New("not an add-checkpoint body")
	}
	old, err := strconv.ParseInt(size, 10, 64)
	if err != nil {
		return 0, nil, "", err
	}
	var path tlog.TreeProof
	for _, line := range lines[1:] {
		hash, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(hash) != tlog.HashSize {
			return 0, nil, "", errors.New("bad proof")
		}
		path = append(path, tlog.Hash(hash))
	}
	return old, path, signed, nil
}
