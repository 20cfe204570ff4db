// Writing a model folder: one file, or shards and the index that says which shard holds which tensor.
package safetensors

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// ShardBytes is the size of shard that Hugging Face's own writer makes.
const ShardBytes = 5_000_000_000

// Source is a tensor whose bytes are made when they are written, so that a large model is never in memory as a whole.
type Source struct {
	Name, DType string
	Shape       []int64
	Data        func() ([]byte, error)
}

// WriteFolder writes model.safetensors into dir, or, where that would have more than limit bytes of tensors, shards of at
// most limit (a tensor that is larger has a shard of its own) and model.safetensors.index.json. Tensors are filled into
// shards in the order of sources.
func WriteFolder(dir string, sources []Source, limit uint64) error {
	shards, total, err := fillShards(sources, limit)
	if err != nil {
		return fmt.Errorf("write %s: %w", dir, err)
	}
	if len(shards) == 1 {
		return writeShard(filepath.Join(dir, singleName), shards[0])
	}
	where := map[string]string{}
	for i, shard := range shards {
		name := fmt.Sprintf("model-%05d-of-%05d.safetensors", i+1, len(shards))
		for _, s := range shard {
			where[s.Name] = name
		}
		if err := writeShard(filepath.Join(dir, name), shard); err != nil {
			return err
		}
	}
	return writeIndex(filepath.Join(dir, indexName), where, total)
}

func fillShards(sources []Source, limit uint64) (shards [][]Source, total uint64, err error) {
	var current []Source
	var size uint64
	for _, s := range sources {
		n, err := byteSize(s.DType, s.Shape)
		if err != nil {
			return nil, 0, fmt.Errorf("tensor %q: %w", s.Name, err)
		}
		if len(current) > 0 && size+n > limit {
			shards, current, size = append(shards, current), nil, 0
		}
		current, size, total = append(current, s), size+n, total+n
	}
	return append(shards, current), total, nil
}

func writeShard(path string, shard []Source) error {
	tensors := make([]Tensor, len(shard))
	for i, s := range shard {
		data, err := s.Data()
		if err != nil {
			return fmt.Errorf("write %s: %s: %w", path, s.Name, err)
		}
		tensors[i] = Tensor{Name: s.Name, DType: s.DType, Shape: s.Shape, Data: data}
	}
	slices.SortFunc(tensors, func(a, b Tensor) int { return cmp.Compare(a.Name, b.Name) })
	return Write(path, tensors, map[string]string{"format": "pt"})
}

func writeIndex(path string, where map[string]string, total uint64) error {
	text, err := json.MarshalIndent(map[string]any{"metadata": map[string]any{"total_size": total}, "weight_map": where}, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	return errors.Join(err, f.Sync(), f.Close())
}
