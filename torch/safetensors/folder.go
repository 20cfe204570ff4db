// A model folder: one model.safetensors, or shards and an index that says which shard holds which tensor.
package safetensors

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

const (
	singleName = "model.safetensors"
	indexName  = "model.safetensors.index.json"
)

// Set is the tensors of one folder.
type Set struct {
	files []*File          // sorted by shard name
	where map[string]*File // tensor -> its file
}

// OpenFolder opens dir/model.safetensors, or, where there is none, the shards that dir/model.safetensors.index.json names.
// Index and shards must agree: each tensor is where the index says, and a shard holds nothing that the index does not name.
func OpenFolder(dir string) (*Set, error) {
	single := filepath.Join(dir, singleName)
	if _, err := os.Stat(single); !errors.Is(err, fs.ErrNotExist) {
		f, err := Open(single)
		if err != nil {
			return nil, err
		}
		s := &Set{where: map[string]*File{}}
		s.add(f)
		return s, nil
	}
	return openIndex(dir)
}

func openIndex(dir string) (*Set, error) {
	path := filepath.Join(dir, indexName)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: neither %s nor %s is there", dir, singleName, indexName)
	}
	if err != nil {
		return nil, err
	}
	shardOf, err := parseIndex(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	s := &Set{where: map[string]*File{}}
	if err := s.openShards(dir, shardOf); err != nil {
		s.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// parseIndex returns tensor -> shard file name.
func parseIndex(text []byte) (map[string]string, error) {
	var weights json.RawMessage
	err := eachField(text, func(name string, value json.RawMessage) error {
		if name == "weight_map" {
			weights = value
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if weights == nil {
		return nil, errors.New("no weight_map")
	}
	shardOf := map[string]string{}
	err = eachField(weights, func(tensor string, value json.RawMessage) error {
		shard, err := stringValue(value)
		if err == nil && (!filepath.IsLocal(shard) || filepath.Base(shard) != shard) {
			err = fmt.Errorf("%q is not the name of a file in the folder", shard)
		}
		if err != nil {
			return fmt.Errorf("tensor %q: %w", tensor, err)
		}
		shardOf[tensor] = shard
		return nil
	})
	return shardOf, err
}

func (s *Set) openShards(dir string, shardOf map[string]string) error {
	shards := map[string]*File{}
	for _, shard := range shardOf {
		shards[shard] = nil
	}
	for _, shard := range sortedKeys(shards) {
		f, err := Open(filepath.Join(dir, shard))
		if err != nil {
			return err
		}
		shards[shard] = f
		s.add(f)
		for _, tensor := range f.Names() {
			if shardOf[tensor] != shard {
				return fmt.Errorf("tensor %q is in %s, where the index does not put it", tensor, shard)
			}
		}
	}
	for _, tensor := range sortedKeys(shardOf) {
		shard := shardOf[tensor]
		if _, ok := shards[shard].Tensor(tensor); !ok {
			return fmt.Errorf("tensor %q is not in %s, where the index puts it", tensor, shard)
		}
	}
	return nil
}

func (s *Set) add(f *File) {
	s.files = append(s.files, f)
	for name := range f.tensors {
		s.where[name] = f
	}
}

// Names returns the names of all tensors, sorted.
func (s *Set) Names() []string { return sortedKeys(s.where) }

// Tensor returns one tensor; false if no file of the set has one of that name.
func (s *Set) Tensor(name string) (Tensor, bool) {
	f, ok := s.where[name]
	if !ok {
		return Tensor{}, false
	}
	return f.Tensor(name)
}

// Metadata returns the pairs of all files; of two files with one key, the first shard by name counts.
func (s *Set) Metadata() map[string]string {
	all := map[string]string{}
	for _, f := range slices.Backward(s.files) {
		for k, v := range f.Metadata() {
			all[k] = v
		}
	}
	return all
}

// Close unmaps all files.
func (s *Set) Close() error {
	var all error
	for _, f := range s.files {
		all = errors.Join(all, f.Close())
	}
	return all
}
