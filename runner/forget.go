// Forget erases users from trained policies: their parameters become those of user 0, and their names go, so that from then
// on they are users whom the policy does not know. Each artifact is rewritten whole and says so in its manifest.
package runner

import (
	"context"
	"fmt"
	"slices"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/runner/store"
	"github.com/prlhf/prlhf/torch/usermodel"
)

// Forgotten says what was erased, and what still has something of the users.
type Forgotten struct {
	IDs       []string
	Rewritten []Holding // artifacts with the files that were replaced
	Held      []Holding
}

// carrier is an artifact with parameters of users.
type carrier struct {
	node     *Node
	artifact *store.Artifact
	users    []arrowio.User
	erase    []int32
}

// Forget erases users, by id, from the policies of block instances that the store has. Nothing is changed when an id is
// known to none of them.
func Forget(ctx context.Context, plan *Plan, st *store.Store, addrs, users []string) (Forgotten, error) {
	all, err := carriers(plan, st, addrs)
	if err != nil {
		return Forgotten{}, err
	}
	var out Forgotten
	if out.IDs, err = resolve(all, addrs, users); err != nil {
		return Forgotten{}, err
	}
	for _, c := range all {
		if len(c.erase) == 0 {
			continue
		}
		h, err := c.rewrite(ctx, st)
		if err != nil {
			return out, fmt.Errorf("forget in %s: %w", c.node.ID, err)
		}
		out.Rewritten = append(out.Rewritten, h)
	}
	out.Held, err = Holdings(st, out.IDs)
	return out, err
}

// carriers opens what the store has of the policies.
func carriers(plan *Plan, st *store.Store, addrs []string) ([]*carrier, error) {
	var out []*carrier
	for _, addr := range addrs {
		block, _, err := plan.policyNodes(addr, "forget")
		if err != nil {
			return nil, err
		}
		for _, n := range plan.withUsers(block) {
			a, ok := st.Get(n.Fingerprint)
			if !ok || slices.ContainsFunc(out, func(c *carrier) bool { return c.node == n }) {
				continue
			}
			users, err := arrowio.Read[arrowio.User](a.Path(usersFile))
			if err != nil {
				return nil, err
			}
			out = append(out, &carrier{node: n, artifact: a, users: users})
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s is not trained yet, so there is nobody to forget", joinComma(addrs))
	}
	return out, nil
}

// resolve finds the users in each artifact, and returns their ids.
func resolve(all []*carrier, addrs, asked []string) ([]string, error) {
	var everybody []arrowio.User
	for _, c := range all {
		for _, u := range c.users {
			if !u.Erased() && !slices.ContainsFunc(everybody, func(other arrowio.User) bool { return other.ID == u.ID }) {
				everybody = append(everybody, u)
			}
		}
	}
	found, err := findUsers(joinComma(addrs), everybody, asked, false)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, i := range found {
		ids = append(ids, everybody[i-1].ID)
	}
	for _, c := range all {
		index := indexOf(c.users)
		for _, id := range ids {
			if i := index[id]; i > 0 {
				c.erase = append(c.erase, i)
			}
		}
	}
	return ids, nil
}

// userModel is what the artifact's user_model.safetensors holds.
func (c *carrier) userModel() usermodel.Config {
	return userModelConfig(policyOfNode(c.node).last().spec.UserModel)
}

func (c *carrier) rewrite(ctx context.Context, st *store.Store) (Holding, error) {
	files := map[string]func(from, to string) error{usersFile: c.eraseNames}
	h := Holding{ID: c.node.ID, Kind: c.node.Kind, Fingerprint: c.node.Fingerprint, Dir: c.artifact.Dir()}
	h.Files = append(h.Files, HeldFile{Name: usersFile, Rows: len(c.erase)})
	if cfg := c.userModel(); cfg.Personal() {
		files[userModelFile] = func(from, to string) error { return usermodel.Erase(from, to, cfg, c.erase) }
		h.Files = append(h.Files, HeldFile{Name: userModelFile, Rows: len(c.erase)})
	}
	_, err := st.Rewrite(ctx, c.node.Fingerprint, fmt.Sprintf("%d of %d users were erased (prlhf forget)", len(c.erase), len(c.users)), files)
	return h, err
}

// eraseNames keeps of each user's row the index alone.
func (c *carrier) eraseNames(_, to string) error {
	users := slices.Clone(c.users)
	for _, i := range c.erase {
		users[i-1] = arrowio.User{Index: i}
	}
	return arrowio.Write(to, users)
}
