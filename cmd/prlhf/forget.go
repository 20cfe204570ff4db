package main

// prlhf forget: erase users from a trained policy, and say where the store still has them.

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"

	"github.com/prlhf/prlhf/runner"
)

func forgetVerb() verb {
	return verb{
		name: "forget", args: "-users ID,... [SPEC...] ADDR",
		brief: "erase users from a trained policy",
		text: "Their parameters become those of user 0 and their names go, in the policy's artifact, which is rewritten whole: from then on " +
			"the policy does not know them. Weights that users share, adapters and the model keep what they learned from them. Everything " +
			"else in the store that has rows or texts of them is listed, and left to you (prlhf show -user ID lists it again). A block " +
			"with for_each stands for all its instances, seeds included.",
		bind: func(c *call, fs *flag.FlagSet) func(context.Context) error {
			var users []string
			fs.Var((*list)(&users), "users", "`ID,...`: whom to erase; may be repeated")
			c.planFlags(fs)
			return func(ctx context.Context) error { return forget(ctx, c, users) }
		},
	}
}

func forget(ctx context.Context, c *call, users []string) error {
	specs, addr := splitAddr(c.args)
	switch {
	case addr == "":
		return errors.New(`forget needs the address of a train block, such as train.dpo["individual"]`)
	case len(users) == 0:
		return errors.New("forget needs the users to erase: -users ID,ID")
	case len(c.targets) > 0:
		return errors.New("forget takes an address, no -target")
	}
	p, err := c.compile(specs, nil)
	if err != nil {
		return err
	}
	if p.store == nil {
		return fmt.Errorf("there is no store at %s, so there is nobody to forget", c.store)
	}
	done, err := runner.Forget(ctx, p.plan, p.store, instances(p.plan, addr), users)
	s := c.screen(c.out)
	printHoldings(s, fmt.Sprintf("Erased %s:", people(done.IDs)), done.Rewritten)
	if err != nil {
		return err
	}
	printHeld(s, done.IDs, done.Held)
	printInfluence(s)
	return nil
}

// people names users for a heading.
func people(ids []string) string {
	if len(ids) == 1 {
		return "user " + ids[0]
	}
	return "users " + strings.Join(ids, ", ")
}
