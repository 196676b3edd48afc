//! The help reads well: every verb has one, in 80 columns, and it begins with what the verb does.
use expect_test::expect;

use crate::{environment::TestEnvironment, programs::site};

const VERBS: &[&str] = &[
    "plan",
    "apply",
    "destroy",
    "refresh",
    "drift",
    "outputs",
    "why",
    "graph",
    "permissions",
    "state",
    "state list",
    "state show",
    "state log",
    "state diff",
    "state verify",
    "state move",
    "state remove",
    "explain",
    "completions",
    "version",
];

#[test]
fn every_verb_has_help_in_80_columns() {
    let env = TestEnvironment::new();
    for verb in VERBS {
        for flag in ["-h", "--help"] {
            let text = env.ok(&site(), &format!("{verb} {flag}")).out;
            assert!(text.contains("Usage: site "), "{verb}:\n{text}");
            let long: Vec<&str> = text.lines().filter(|line| line.chars().count() > 80).collect();
            assert_eq!(long, Vec::<&str>::new(), "{verb} {flag}");
        }
    }
}

#[test]
fn the_first_page_names_verbs_settings_and_exit_codes() {
    let text = TestEnvironment::new().ok(&site(), "--help").out;
    expect![[r#"
        site: infrastructure as code.

        The program describes a stack of resources; these verbs compare it with the
        world, and change the world.

        Usage: site [OPTIONS] <COMMAND>

        Commands:
          plan         Show what an apply would do, field by field. Changes nothing
          apply        Make the world as the program says
          destroy      Remove everything that the stack's state holds
          refresh      Read everything again and write what is found into the state.
                       Changes nothing else
          drift        Show what was changed outside of this program. Changes nothing
          outputs      Print the values that the stack exports
          why          Explain where a resource or one of its fields comes from, and why
                       it would change
          graph        Print the graph of resources
          permissions  Print the least permissions that plan, apply and destroy need
          state        Look at the state, check it, mend it
          explain      Explain an error code
          completions  Print a completion script for a shell
          version      Print versions of the program's parts
          help         Print this message or the help of the given subcommand(s)

        Options:
          -h, --help
                  Print help (see a summary with '-h')

        Stack:
          -s, --stack <NAME>
                  The stack to work on. Its settings are in purlin.NAME.toml. By default
                  the program's own name

              --set <KEY=VALUE>
                  Gives a setting a value, before the settings file and the environment.
                  May be repeated

              --state <PLACE>
                  Where the state is kept: file:DIR. By default the environment's
                  PURLIN_STATE, else file:.purlin

        Output:
              --color <WHEN>
                  When to use colours. They never carry a meaning of their own

                  Possible values:
                  - auto:   On a terminal, unless NO_COLOR is set
                  - always: Always
                  - never:  Never

                  [default: auto]

        Settings of this program (purlin.<stack>.toml, --set, or the environment's
        PURLIN_SET_…):
          region  Where it is. [required]
          pages   How many pages it has. [default: 2]
          title   What it says on top. [default: "Welcome"]
          key     Who may write.

        Exit codes:
            0  done, or nothing to do
            1  something failed; the message says what and where things stand
            2  the command line, a setting, a selection or a plan file is not understood
            3  plan --exit-code: there are changes
            4  drift: the world is not as it was last applied
            5  cancelled; the next run goes on from there
            6  another run holds the state
            7  declined, nobody to ask, past a limit, or not what was approved
            8  the state cannot be used: damaged, newer, or sealed
            9  no credentials, the wrong account, or unreachable
          130  a second signal ended it at once; that is safe too
    "#]]
    .assert_eq(&text);
}

#[test]
fn the_help_of_a_plan() {
    let text = TestEnvironment::new().ok(&site(), "plan --help").out;
    expect![[r#"
        Show what an apply would do, field by field. Changes nothing.

        Replacements, outages and lost data come first and are explained; then a tree by
        component with the changes only; then one line in sum. A plan that is saved with
        --out can be reviewed and applied later: apply does then what was approved, or
        less, or stops.

        Usage: site plan [OPTIONS]

        Options:
          -h, --help
                  Print help (see a summary with '-h')

        Plan:
              --refresh <WHAT>
                  What to read from the world before

                  Possible values:
                  - all:  Everything; it is batched by type, so it is cheap
                  - auto: What the plan would touch, and what was not seen for an hour
                  - none: Nothing: plan from the state alone

                  [default: all]

              --destroy
                  Plan the removal of everything

        Selection:
              --target <PATH>
                  Only this resource, or all of this component, with what it needs. May
                  be repeated

              --exclude <PATH>
                  All but this resource or component, and what needs it. May be repeated

              --replace <PATH>
                  Replace this resource though nothing asks for it. May be repeated

        Limits:
              --max-delete <N>
                  Refuse a plan that deletes more resources than this. Replacements
                  count

              --max-replace <N>
                  Refuse a plan that replaces more resources than this

        Output:
              --color <WHEN>
                  When to use colours. They never carry a meaning of their own

                  Possible values:
                  - auto:   On a terminal, unless NO_COLOR is set
                  - always: Always
                  - never:  Never

                  [default: auto]

          -o, --out <FILE>
                  Save the plan in this file, to be applied as it was reviewed

              --format <FORM>
                  The form of the answer

                  Possible values:
                  - text: For people
                  - json: For programs: one versioned JSON document

                  [default: text]

              --exit-code
                  End with exit code 3 when there are changes

        Stack:
          -s, --stack <NAME>
                  The stack to work on. Its settings are in purlin.NAME.toml. By default
                  the program's own name

              --set <KEY=VALUE>
                  Gives a setting a value, before the settings file and the environment.
                  May be repeated

              --state <PLACE>
                  Where the state is kept: file:DIR. By default the environment's
                  PURLIN_STATE, else file:.purlin

        Examples:
          plan --stack dev
          plan --stack prod --out prod.plan     then: apply prod.plan
          plan --target net --max-replace 0
          plan --exit-code                      in a script: 3 when there are changes
    "#]]
    .assert_eq(&text);
}

#[test]
fn every_shell_has_completions() {
    let env = TestEnvironment::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(env.ok(&site(), &format!("completions {shell}")).out.contains("permissions"), "{shell}");
    }
}
