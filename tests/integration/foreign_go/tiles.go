package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

const tileHeight = 8

// servedTiles reads the hash tiles of an export, each file once.
type servedTiles struct {
	dir  string
	read map[string][]byte
}

func (s *servedTiles) Height() int { return tileHeight }

func (s *servedTiles) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	all := make([][]byte, 0, len(tiles))
	for _, tile := range tiles {
		path := servedPath(tile)
		if _, ok := s.read[path]; !ok {
			raw, err := os.ReadFile(filepath.Join(s.dir, path))
			if err != nil {
				return nil, err
			}
			s.read[path] = raw
		}
		all = append(all, s.read[path])
	}
	return all, nil
}

func (s *servedTiles) SaveTiles([]tlog.Tile, [][]byte) {}

// servedPath is the path of a tile in tlog-tiles, which does not name the
// height, and calls entry bundles what x/mod calls data.
func servedPath(tile tlog.Tile) string {
	path := strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", tileHeight))
	if rest, ok := strings.CutPrefix(path, "data/"); ok {
		path = "entries/" + rest
	}
	return "tile/" + path
}

// readEntries returns all entries of an export of the given size.
func readEntries(dir string, size int64) ([][]byte, error) {
	var entries [][]byte
	for _, tile := range tlog.NewTiles(tileHeight, 0, size) {
		if tile.L != 0 {
			continue
		}
		tile.L = -1
		raw, err := os.ReadFile(filepath.Join(dir, servedPath(tile)))
		if err != nil {
			return nil, err
		}
		for range tile.W {
			if len(raw) < 2 || len(raw)-2 < int(binary.BigEndian.Uint16(raw)) {
				return nil, errors.New("a bundle that ends too early")
			}
			end := 2 + int(binary.BigEndian.Uint16(raw))
			entries, raw = append(entries, raw[2:end]), raw[end:]
		}
		if len(raw) != 0 {
			return nil, errors.New("a bundle that goes on after its last entry")
		}
	}
	if int64(len(entries)) != size {
		return nil, errors.New("another number of entries than the checkpoint says")
	}
	return entries, nil
}

// checkTree builds the tree again from the entries, compares every served hash
// tile with it, and proves every leaf from the served tiles.
func checkTree(dir string, tree tlog.Tree, entries [][]byte) error {
	var stored []tlog.Hash
	rebuilt := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, 0, len(indexes))
		for _, index := range indexes {
			hashes = append(hashes, stored[index])
		}
		return hashes, nil
	})
	for index, entry := range entries {
		hashes, err := tlog.StoredHashes(int64(index), entry, rebuilt)
		if err != nil {
			return err
		}
		stored = append(stored, hashes...)
	}
	root, err := tlog.TreeHash(tree.N, rebuilt)
	if err != nil {
		return err
	}
	if root != tree.Hash {
		return errors.New("the entries have another root")
	}
	served := &servedTiles{dir: dir, read: map[string][]byte{}}
	if err := compareTiles(served, tree.N, rebuilt); err != nil {
		return err
	}
	return proveLeaves(served, tree, entries)
}

func compareTiles(served *servedTiles, size int64, rebuilt tlog.HashReader) error {
	for _, tile := range tlog.NewTiles(tileHeight, 0, size) {
		want, err := tlog.ReadTileData(tile, rebuilt)
		if err != nil {
			return err
		}
		got, err := served.ReadTiles([]tlog.Tile{tile})
		if err != nil {
			return err
		}
		if !bytes.Equal(got[0], want) {
			return fmt.Errorf("%s differs from its entries", servedPath(tile))
		}
	}
	return nil
}

func proveLeaves(served *servedTiles, tree tlog.Tree, entries [][]byte) error {
	reader := tlog.TileHashReader(tree, served)
	for index, entry := range entries {
		proof, err := tlog.ProveRecord(tree.N, int64(index), reader)
		if err != nil {
			return err
		}
		leaf := tlog.RecordHash(entry)
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, int64(index), leaf); err != nil {
			return fmt.Errorf("entry %d: %w", index, err)
		}
	}
	return nil
}
