// Export writes a trained policy for other programs: as a Hugging Face folder whose users are tokens, as one with the users'
// vectors beside it, or as a PEFT adapter. A folder is whole or absent: it is made beside its place and renamed.
package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/runner/store"
	"github.com/prlhf/prlhf/torch"
)

// Formats of an export.
const (
	FormatHuggingFace = "huggingface" // adapters merged, each user a handful of tokens
	FormatMerged      = "merged"      // adapters merged, users' vectors beside
	FormatPEFT        = "peft"        // adapter, users' vectors beside, and the model below where it is not a folder of the user's
)

const (
	maxAddedTokens = 50_000
	mostAdded      = 1e-6 // probability that added tokens may have together
)

// ExportOptions say what to write.
type ExportOptions struct {
	Format   string
	Out      string   // folder that is not there, or empty
	Users    []string // ids, each alone or several with commas; none: all users
	Personal bool     // of results: with ids, and with judges' answers
	Device   torch.Device
	Progress func(what string, done, total int)
}

// Exported says what was written.
type Exported struct {
	Out, Note string // Note: something the user should read, or ""
	Users     int    // user 0 not counted; of results: those that were asked for
	Rows      int    // of results
	Unit      string // of them: rows, texts, points
	ByIndex   bool   // users of results are named by index
	Files     []store.File
	Model     *torch.ExportResult // nil where no weights were written
	SameText  *TextCheck          // of FormatHuggingFace
}

// TextCheck compares prompts as an engine reads them, users' tokens and prompt as one text, with what the policy was
// trained on.
type TextCheck struct{ Prompts, Same int }

// Export writes the policy of a train or adapt block. Without libtorch it returns torch.ErrDisabled where weights are to be written.
func Export(ctx context.Context, plan *Plan, st *store.Store, addr string, o ExportOptions) (Exported, error) {
	x, err := newExport(plan, st, addr, o)
	if err != nil {
		return Exported{}, err
	}
	if err := refuseTaken(o.Out); err != nil {
		return Exported{}, err
	}
	dir, err := besidePlace(o.Out)
	if err != nil {
		return Exported{}, err
	}
	defer os.RemoveAll(dir) // does nothing after the rename
	if err := x.fill(ctx, dir); err != nil {
		return Exported{}, fmt.Errorf("export %s: %w", x.addr, err)
	}
	if x.done.Files, err = filesBelow(dir); err != nil {
		return Exported{}, err
	}
	if err := ctx.Err(); err != nil {
		return Exported{}, err
	}
	x.done.Out = o.Out
	return x.done, intoPlace(dir, o.Out)
}

// export is one Export.
type export struct {
	ExportOptions
	addr   string
	policy *policy
	stage  *trainStage
	run    *Node // the training run
	node   *Node // whose users are exported: the training run, or what adapted it to new ones
	env    *Env
	users  []arrowio.User // whom the policy knows, by index - 1
	chosen []int32        // indices of those to export
	names  []string       // of each index, 0 too, in tokens
	done   Exported
}

// newExport finds the policy and refuses what cannot be exported, before anything is written.
func newExport(plan *Plan, st *store.Store, addr string, o ExportOptions) (*export, error) {
	block, nodes, err := plan.policyNodes(addr, "export")
	if err != nil {
		return nil, err
	}
	x := &export{ExportOptions: o, addr: block, node: nodes[0], policy: policyOfNode(nodes[0])}
	x.run = x.policy.chain[len(x.policy.chain)-1]
	x.stage = x.policy.last()
	if len(nodes) > 1 {
		x.done.Note = fmt.Sprintf("%s was trained with %d seeds; this is the policy of seed %d", x.addr, len(nodes), x.stage.seed)
	}
	if x.env, err = storedEnv(st, x.addr, append(x.policy.inputs(), x.stage.data.withIDs().inputs(true)...), x.node); err != nil {
		return nil, err
	}
	if x.users, err = x.policy.seen(x.env); err != nil {
		return nil, err
	}
	if err := x.refuse(); err != nil {
		return nil, err
	}
	return x, x.choose()
}

// policyOfNode is the policy that a train or adapt node leaves.
func policyOfNode(n *Node) *policy {
	if a, ok := n.Stage.(*adaptStage); ok {
		p := *a.policy
		p.name, p.adapted = n.Addr, n
		return &p
	}
	base := n.Stage.(*trainStage).base
	return &policy{name: n.Addr, origin: base.origin, chain: append(base.chain[:len(base.chain):len(base.chain)], n)}
}

// policyNodes are the nodes of a train block instance, one per seed, or those of an adapt block after the most comparisons.
func (p *Plan) policyNodes(addr, verb string) (block string, nodes []*Node, err error) {
	block, path, err := p.find(addr)
	if err != nil {
		return "", nil, err
	}
	if len(path) > 0 {
		return "", nil, fmt.Errorf("%s takes the address of a train block; %s is a result of one. Write %s", verb, addr, block)
	}
	for _, n := range p.withUsers(block) {
		a, ok := n.Stage.(*adaptStage)
		if !ok || a.comparisons == a.spec.Comparisons[len(a.spec.Comparisons)-1] {
			nodes = append(nodes, n)
		}
	}
	if len(nodes) == 0 {
		return "", nil, fmt.Errorf("%s takes a trained policy, the address of a train or adapt block; %s is none", verb, block)
	}
	return block, nodes, nil
}

// withUsers are the nodes of a block instance whose artifacts have parameters of users.
func (p *Plan) withUsers(block string) []*Node {
	var nodes []*Node
	for _, n := range p.ofAddr[block] {
		if n.Kind == kindTrain || n.Kind == kindAdapt {
			nodes = append(nodes, n)
		}
	}
	return nodes
}

// storedEnv is an Env over nodes whose artifacts must be in the store; of trained the message is that there is no policy.
func storedEnv(st *store.Store, addr string, nodes []*Node, trained *Node) (*Env, error) {
	e := &Env{node: trained, inputs: map[*Node]*store.Artifact{}, emit: func(Event) {}}
	for _, n := range append([]*Node{trained}, nodes...) {
		if n == nil {
			continue
		}
		a, ok := st.Get(n.Fingerprint)
		switch {
		case !ok && n == trained:
			return nil, fmt.Errorf("%s is not trained yet; run apply -target '%s' first", addr, addr)
		case !ok:
			return nil, fmt.Errorf("%s needs %q, which is not in the store; run apply -target '%s' first", addr, n.ID, addr)
		}
		e.inputs[n] = a
	}
	return e, nil
}

// tokens is T_u where users are soft prompts.
func (x *export) tokens() int {
	if u := x.stage.spec.UserModel; u != nil && u.As != "linear_head" {
		return u.Tokens
	}
	return 0
}

// personal tells whether users have rows of their own.
func (x *export) personal() bool { return userModelConfig(x.stage.spec.UserModel).Personal() }

// rewards tells a reward model.
func (x *export) rewards() bool { return x.stage.spec.Objective.Kind == "reward" }

func (x *export) refuse() error {
	u := x.stage.spec.UserModel
	switch {
	case x.Format != FormatHuggingFace && x.Format != FormatMerged && x.Format != FormatPEFT:
		return fmt.Errorf("-format is %q; huggingface, merged or peft is expected", x.Format)
	case x.Format == FormatPEFT && x.stage.full():
		return fmt.Errorf("all weights of %s were trained, so there is no adapter; export it with -format merged", x.addr)
	case x.Format == FormatHuggingFace && u != nil && u.As == "linear_head":
		return fmt.Errorf("the users of %s are linear heads of a reward model, which no token can stand for; export it with -format merged", x.addr)
	case len(x.Users) > 0 && !x.personal():
		return fmt.Errorf("%s serves everybody alike, so there are no users to choose; leave -users out", x.addr)
	}
	return nil
}

// choose finds the users that were asked for, and names all.
func (x *export) choose() error {
	x.names = tokenNames(x.users)
	if !x.personal() {
		return nil
	}
	if len(x.Users) > 0 {
		var err error
		if x.chosen, err = findUsers(x.addr, x.users, x.Users, true); err != nil {
			return err
		}
	} else {
		for i, u := range x.users {
			if !u.Erased() {
				x.chosen = append(x.chosen, int32(i)+1)
			}
		}
	}
	x.done.Users = len(x.chosen)
	if n := (len(x.chosen) + 1) * x.tokens(); x.Format == FormatHuggingFace && n > maxAddedTokens {
		return fmt.Errorf("%d users of %d tokens each, user 0 with them, would add %d tokens to the vocabulary; at most %d are added. Choose users with -users",
			len(x.chosen)+1, x.tokens(), n, maxAddedTokens)
	}
	return nil
}

// fill makes the export in dir.
func (x *export) fill(ctx context.Context, dir string) error {
	special, err := x.policy.special(x.env)
	if err != nil {
		return err
	}
	if err := x.writeWeights(ctx, dir, special); err != nil {
		return err
	}
	if err := x.writeTokenizer(dir, special); err != nil {
		return err
	}
	if x.done.SameText == nil { // users are no tokens
		if err := x.writeUserModel(dir, special); err != nil {
			return err
		}
	}
	return x.writeGuide(dir, special)
}

// writeWeights writes the model, or adapter and, where nobody else has it, the model below.
func (x *export) writeWeights(ctx context.Context, dir string, special specialIDs) error {
	before := policy{origin: x.policy.origin, chain: x.policy.chain[:len(x.policy.chain)-1]}
	job := torch.ExportJob{
		Inputs: torch.Inputs{Policy: x.policy.files(x.env), Device: x.Device, Precision: x.policy.precision(), BOS: special.bos},
		Before: before.base(x.env), EOS: special.ends, Limit: mostAdded, Out: dir,
	}
	if x.Format == FormatPEFT {
		if err := x.copyAdapter(dir); err != nil {
			return err
		}
		if !x.ownBase() {
			return nil
		}
		job.BaseOnly, job.Out = true, filepath.Join(dir, baseFolder)
		if err := os.Mkdir(job.Out, 0o755); err != nil {
			return err
		}
	} else {
		texts, world, err := x.texts(special)
		if err != nil {
			return err
		}
		defer world.Close()
		job.Texts = texts
	}
	if x.Format == FormatHuggingFace && x.tokens() > 0 {
		job.Users = append([]int32{0}, x.chosen...)
	}
	result, err := torch.Export(ctx, job, func(p torch.Progress) {
		if x.Progress != nil {
			x.Progress(p.Note, p.Done, p.Total)
		}
	})
	if err != nil {
		return err
	}
	x.done.Model = &result
	return nil
}

// refuseTaken refuses a place that has something in it.
func refuseTaken(out string) error {
	if out == "" {
		return errors.New("an export needs a folder to write: -out FOLDER")
	}
	entries, err := os.ReadDir(out)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("-out %s: %w", out, err)
	case len(entries) > 0:
		return fmt.Errorf("the folder %s is not empty (it has %s); an export makes a folder of its own", out, entries[0].Name())
	}
	return nil
}

// besidePlace makes a temporary folder on the disk of out: in the nearest folder above it that is there.
func besidePlace(out string) (string, error) {
	above, err := filepath.Abs(out)
	if err != nil {
		return "", err
	}
	for {
		above = filepath.Dir(above)
		if info, err := os.Stat(above); err == nil && info.IsDir() || above == filepath.Dir(above) {
			break
		}
	}
	dir, err := os.MkdirTemp(above, "."+strings.TrimPrefix(filepath.Base(out), ".")+"-*")
	if err != nil {
		return "", fmt.Errorf("-out %s: %w", out, err)
	}
	return dir, os.Chmod(dir, 0o755)
}

// intoPlace writes everything through to the disk and renames the folder.
func intoPlace(dir, out string) error {
	if err := store.SyncTree(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	if err := os.Rename(dir, out); err != nil { // over an empty folder too
		return fmt.Errorf("-out %s: %w", out, err)
	}
	return nil
}

func filesBelow(dir string) ([]store.File, error) {
	var files []store.File
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		files = append(files, store.File{Name: filepath.ToSlash(name), Size: info.Size()})
		return err
	})
	return files, err
}
