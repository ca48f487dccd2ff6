// Foreignnet meets a running Hanse node over HTTP with programs that are not
// ours.
//
//	foreignnet fsck URL VKEY
//	foreignnet witness SIGNER VKEY
//
// `fsck` lets Tessera check the log at URL, whose key is VKEY, as a whole.
// `witness` is a C2SP tlog-witness made of x/mod and transparency-dev/formats,
// with the key SIGNER, for the log whose key is VKEY; it prints its address and
// serves until its standard input is closed.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"

	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: foreignnet fsck URL VKEY | foreignnet witness SIGNER VKEY")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "foreignnet:", err)
		os.Exit(1)
	}
}

func run(verb, first, vkey string) error {
	log, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	switch verb {
	case "fsck":
		return check(first, log)
	case "witness":
		return serve(first, log)
	}
	return errors.New("no such verb")
}

// check fetches every tile and entry bundle of a log and lets Tessera compare
// them with each other and with the signed root.
func check(prefix string, log note.Verifier) error {
	where, err := url.Parse(prefix)
	if err != nil {
		return err
	}
	source, err := client.NewHTTPFetcher(where, nil)
	if err != nil {
		return err
	}
	checker := fsck.New(log.Name(), log, source, leafHashes, fsck.Opts{N: 2})
	if err := checker.Check(context.Background()); err != nil {
		return err
	}
	fmt.Println("foreignnet: the log holds")
	return nil
}

func leafHashes(raw []byte) ([][]byte, error) {
	var bundle api.EntryBundle
	if err := bundle.UnmarshalText(raw); err != nil {
		return nil, err
	}
	var hashes [][]byte
	for _, entry := range bundle.Entries {
		hashes = append(hashes, rfc6962.DefaultHasher.HashLeaf(entry))
	}
	return hashes, nil
}
