package runner

import (
	"os"
	"path/filepath"
	"testing"
)

// TestUnusableModelFolder: a folder that is no whole model is told from one by plan, with what to do.
func TestUnusableModelFolder(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec+"\nmodel \"folder\" { source = \"folder\" }\n"+`
train "late" {
  base      = model.folder
  data      = dataset.posts.train
  objective = { kind = "dpo" }
}
`)
	dir := filepath.Join(l.dir, "folder")
	told := func(want string) {
		t.Helper()
		if _, diags := Compile(l.load(), l.store(), l.opts); !diagsSay(diags, want) {
			t.Errorf("%v; want %q", diags, want)
		}
	}
	told("There is no folder " + dir + ". Paths are relative to the file that they are written in.")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	told(dir + " has no config.json: a Hugging Face folder is expected.")
	remedy := ", and a whole model is expected: merge the two with PEFT (merge_and_unload, then save_pretrained) and name that folder."
	l.write(filepath.Join("folder", "adapter_config.json"), `{"peft_type": "LORA"}`)
	told(dir + " is a PEFT adapter" + remedy)
	l.write(filepath.Join("folder", "adapter_config.json"), `{"peft_type": "LORA", "base_model_name_or_path": "big/other"}`)
	told(dir + " is a PEFT adapter for big/other" + remedy)
	l.write(filepath.Join("folder", "config.json"), "{}")
	told(dir + " has no .safetensors file; weights in other formats are not read.")
}
