package safetensors

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func source(name string, values ...float32) Source {
	return Source{Name: name, DType: "F32", Shape: []int64{int64(len(values))}, Data: func() ([]byte, error) {
		return FromFloat32s(name, nil, values).Data, nil
	}}
}

// Three tensors of 8, 8 and 12 bytes: the shards are what fits the limit, and the folder reads back whole.
func TestWriteFolder(t *testing.T) {
	sources := []Source{source("b", 1, 2), source("a", 3, 4), source("c", 5, 6, 7)}
	for _, c := range []struct {
		limit uint64
		files []string
	}{
		{28, []string{"model.safetensors"}},
		{27, []string{"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json"}},
		{5, []string{"model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors", "model-00003-of-00003.safetensors", "model.safetensors.index.json"}},
	} {
		dir := t.TempDir()
		if err := WriteFolder(dir, sources, c.limit); err != nil {
			t.Fatal(err)
		}
		entries, _ := os.ReadDir(dir)
		if len(entries) != len(c.files) {
			t.Fatalf("limit %d: %d files; want %v", c.limit, len(entries), c.files)
		}
		for i, e := range entries {
			if e.Name() != c.files[i] {
				t.Errorf("limit %d: file %s; want %s", c.limit, e.Name(), c.files[i])
			}
		}
		set, err := OpenFolder(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range sources {
			want, _ := s.Data()
			if got, ok := set.Tensor(s.Name); !ok || !bytes.Equal(got.Data, want) {
				t.Errorf("limit %d: %s is %v; want %v", c.limit, s.Name, got.Data, want)
			}
		}
		set.Close()
		if len(c.files) > 1 {
			checkIndex(t, dir)
		}
	}
}

func checkIndex(t *testing.T, dir string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, indexName))
	if err != nil {
		t.Fatal(err)
	}
	var index struct {
		Metadata struct {
			TotalSize int `json:"total_size"`
		}
	}
	if err := json.Unmarshal(text, &index); err != nil || index.Metadata.TotalSize != 28 {
		t.Errorf("the index says %d bytes (%v); want 28", index.Metadata.TotalSize, err)
	}
}

func TestWriteFolderFails(t *testing.T) {
	broken := source("x", 1)
	broken.Data = func() ([]byte, error) { return nil, errors.New("no bytes") }
	if err := WriteFolder(t.TempDir(), []Source{broken}, 100); err == nil {
		t.Error("a tensor without bytes was written")
	}
	broken = source("x", 1)
	broken.DType = "F7"
	if err := WriteFolder(t.TempDir(), []Source{broken}, 100); err == nil {
		t.Error("a tensor of an unknown dtype was written")
	}
}
