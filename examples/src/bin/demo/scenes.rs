//! The scenes of the demo, in order.
use std::{collections::BTreeMap, error::Error, fs, io, path::Path, process::ExitCode, time::Instant};

use purlin_tests::{AwsAccount, Moto};
use serde_json::{Value, json};

use super::show::{self, Ran};

const SETTINGS: &str = "\
cidr = \"10.20.0.0/16\"
blocks = [\"10.20.0.0/20\", \"10.20.16.0/20\"]
";

/// Versions are kept, sessions are longer, and the second subnet has another block, which only a new subnet can have.
const CHANGED: &str = "\
cidr = \"10.20.0.0/16\"
blocks = [\"10.20.0.0/20\", \"10.20.32.0/20\"]
versioned = true
session = \"2h\"
";

type Shown = Result<(), Box<dyn Error>>;

/// Plays all scenes; the exit code is that of the first that did not show what it promised.
pub(crate) fn play(keep: bool) -> ExitCode {
    match play_all(keep) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            show::talk(&format!("\nThe demo failed: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn play_all(keep: bool) -> Shown {
    let began = Instant::now();
    show::talk("Purlin's demo: one stack, its whole life, on an AWS API that others wrote.");
    let moto = Moto::start()?;
    let account = moto.account()?;
    show::talk(&format!("The emulator (moto) answers at {}, account {}.", moto.endpoint(), account.id));
    let folder = tempfile::tempdir()?;
    let mut demo = Demo { account: &account, folder: folder.path(), scene: 0, calls: Vec::new() };
    demo.settings(SETTINGS)?;

    demo.first_apply()?;
    demo.change()?;
    demo.drift()?;
    demo.destroy()?;
    demo.summary(began);
    if keep {
        leave_running(&moto, &account)?;
    }
    Ok(())
}

struct Demo<'a> {
    account: &'a AwsAccount,
    folder: &'a Path,
    scene: usize,
    /// What each scene was about, and how many API calls it made.
    calls: Vec<(&'static str, usize)>,
}

impl Demo<'_> {
    fn first_apply(&mut self) -> Shown {
        self.begin("A plan: what would be made")?;
        let plan = self.run(&["plan", "--out", "plan.json"])?;
        promise(plan.code == 0 && plan.output.contains("to create"), "a plan of new resources")?;
        self.end("plan")?;

        self.begin("Apply exactly the plan that was saved")?;
        let applied = self.run(&["apply", "plan.json"])?;
        promise(applied.code == 0, "the saved plan is applied")?;
        self.end("apply")?;

        self.begin("Plan again: everything is read, nothing differs")?;
        self.nothing_to_do()?;
        self.end("empty plan, all read")
    }

    fn change(&mut self) -> Shown {
        self.begin("A change of settings: updates, and one replacement")?;
        self.settings(CHANGED)?;
        let plan = self.run(&["plan"])?;
        let promised = plan.output.contains("to update") && plan.output.contains("1 to replace");
        promise(plan.code == 0 && promised, "a plan with updates and one replacement")?;
        let applied = self.run(&["apply", "--yes"])?;
        promise(applied.code == 0, "the change is applied")?;
        self.nothing_to_do()?;
        self.end("change")
    }

    fn drift(&mut self) -> Shown {
        self.begin("Somebody changes things behind its back")?;
        let bucket = self.name_of("s3:Bucket")?;
        let role = self.name_of("iam:Role")?;
        let vpc = self.id_of("ec2:Vpc")?;
        self.meddle(
            "s3",
            "PutBucketVersioning",
            json!({
                "Bucket": bucket, "VersioningConfiguration": {"Status": "Suspended"},
            }),
        )?;
        self.meddle("iam", "UpdateRole", json!({"RoleName": role, "MaxSessionDuration": 43200}))?;
        self.meddle("ec2", "ModifyVpcAttribute", json!({"VpcId": vpc, "EnableDnsHostnames": {"Value": false}}))?;

        let drift = self.run(&["drift"])?;
        promise(drift.code == 4, "exit code 4, for drift")?;
        for field in ["versioned", "max_session", "dns_hostnames"] {
            promise(drift.output.contains(field), &format!("the drift of `{field}`"))?;
        }
        let plan = self.run(&["plan"])?;
        promise(plan.output.contains("3 to update"), "a plan that heals three resources")?;
        self.end("drift")?;

        self.begin("Apply heals it")?;
        let applied = self.run(&["apply", "--yes"])?;
        promise(applied.code == 0, "the drift is healed")?;
        self.nothing_to_do()?;
        self.end("heal")
    }

    fn destroy(&mut self) -> Shown {
        self.begin("Destroy, and look whether anything is left")?;
        let destroyed = self.run(&["destroy", "--yes"])?;
        promise(destroyed.code == 0, "all is destroyed")?;
        self.end("destroy")?;
        let left = self.account.inventory()?;
        promise(left.is_empty(), &format!("an empty account; what is left: {left}"))?;
        show::talk("\nThe emulator's own listing of the account: nothing is left.");
        Ok(())
    }

    fn nothing_to_do(&self) -> Shown {
        let plan = self.run(&["plan", "--exit-code"])?;
        promise(plan.code == 0 && plan.output.contains("Nothing to do"), "an empty plan")
    }

    fn begin(&mut self, title: &str) -> Shown {
        self.scene += 1;
        show::scene(self.scene, title);
        Ok(self.account.mark()?)
    }

    fn end(&mut self, what: &'static str) -> Shown {
        let calls = self.account.calls()?.into_iter().filter(|c| !c.lab).count();
        self.calls.push((what, calls));
        Ok(())
    }

    fn run(&self, arguments: &[&str]) -> io::Result<Ran> {
        show::run(self.folder, &self.account.env(), arguments)
    }

    fn settings(&self, text: &str) -> Shown {
        fs::write(self.folder.join("purlin.platform.toml"), text)?;
        show::talk("\npurlin.platform.toml:");
        text.lines().for_each(|line| show::talk(&format!("  {line}")));
        Ok(())
    }

    fn meddle(&self, service: &str, operation: &str, parameters: Value) -> Shown {
        show::talk(&format!("\nbehind its back: {service}:{operation}"));
        for (name, value) in parameters.as_object().into_iter().flatten() {
            show::talk(&format!("  {name}: {value}"));
        }
        self.account.call(service, operation, parameters)?;
        Ok(())
    }

    fn name_of(&self, kind: &str) -> Result<String, Box<dyn Error>> {
        let inventory = self.account.inventory()?;
        let thing = inventory.of(kind).first().ok_or_else(|| format!("there is no {kind}"))?;
        Ok(thing.name.clone().unwrap_or_else(|| thing.id.clone()))
    }

    fn id_of(&self, kind: &str) -> Result<String, Box<dyn Error>> {
        let inventory = self.account.inventory()?;
        Ok(inventory.of(kind).first().ok_or_else(|| format!("there is no {kind}"))?.id.clone())
    }

    fn summary(&self, began: Instant) {
        show::talk("\nAPI calls:");
        for (what, calls) in &self.calls {
            show::talk(&format!("  {calls:>4}  {what}"));
        }
        let total: usize = self.calls.iter().map(|(_, calls)| calls).sum();
        show::talk(&format!("  {total:>4}  in all, in {:.1} s. All shown as promised.", began.elapsed().as_secs_f64()));
    }
}

/// Fails the demo when a scene did not show what it promised.
fn promise(kept: bool, what: &str) -> Shown {
    if kept { Ok(()) } else { Err(format!("this was to be seen, and was not: {what}").into()) }
}

fn leave_running(moto: &Moto, account: &AwsAccount) -> Shown {
    show::talk("\nThe emulator stays. In another terminal:\n");
    let environment: BTreeMap<String, String> = account.env().into_iter().collect();
    for (name, value) in environment {
        show::talk(&format!("  export {name}={value}"));
    }
    show::talk(&format!(
        "\nand, say: cargo run -p purlin-examples --example 01-bucket -- plan\n\nEnter ends it ({}).",
        moto.endpoint()
    ));
    io::stdin().read_line(&mut String::new())?;
    Ok(())
}
