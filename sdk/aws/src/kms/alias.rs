//! [`Alias`]: a name for a key, which can be pointed at another one.
use std::time::Duration;

use purlin_core::{
    Lifecycle, Map, Outputs, Ref, Resource, SmolStr, Value,
    provider::ProviderKind,
    schema::{Actions, Estimate, Facts, FindBy},
    types::Arn,
};

use super::Key;
use crate::{AWS, facts};

/// A name for a key, which can be pointed at another one. Its id is its name.
#[derive(Clone, Debug, PartialEq, Resource)]
#[resource("aws:kms:Alias", outputs = AliasOutputs)]
pub struct Alias {
    /// The key. A change points the name at another key; what the old one encrypted is still the old one's.
    pub target: Ref<Key>,
    /// Name, unique in account and region: `alias/` and up to 250 characters. By default made from the names of the stack and the
    /// resource.
    #[field(replace, unique = "kms-alias", name(max = 256, prefix = "alias/"))]
    pub name: Option<String>,
}

/// What an [`Alias`] tells.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct AliasOutputs {
    /// The ARN: `arn:aws:kms:eu-west-1:123456789012:alias/objects`.
    pub arn: Arn<Alias>,
    /// The name, with `alias/`.
    pub name: String,
}

impl Lifecycle for Alias {
    const PROVIDER: &'static dyn ProviderKind = &AWS;
    const ACTIONS: Actions = Actions {
        create: &["kms:CreateAlias"],
        read: &["kms:ListAliases"],
        sync: &["kms:UpdateAlias"],
        delete: &["kms:DeleteAlias"],
    };
    const FIND: FindBy = FindBy::NaturalKey;
    // A name that a read does not see yet is refused by a second create.
    const SETTLE: Duration = Duration::from_secs(2);
    const ESTIMATE: Estimate = Estimate::all(Duration::from_secs(1));

    fn predict(fields: &Map, facts: &Facts<'_>) -> Map {
        let mut outputs = Map::new();
        let Some(name) = facts::known(fields, "name") else { return outputs };
        outputs.insert("id".into(), name.into());
        outputs.insert("name".into(), name.into());
        if let Some(arn) = facts::regional_arn::<Self>(facts, "kms", name) {
            outputs.insert("arn".into(), Value::Str(SmolStr::from(arn.as_str())));
        }
        outputs
    }
}

#[cfg(feature = "kms")]
pub(crate) use driver::AliasDriver;

#[cfg(feature = "kms")]
mod driver {
    use std::collections::HashMap;

    use aws_sdk_kms::types::AliasListEntry;
    use purlin_core::driver::{Call, Created, Failure, Found, Kind, Known, Observed, Progress, TypedDriver, Wanted};

    use super::*;
    use crate::{
        connection::{Clients, failure},
        kms::calls,
    };

    /// The verbs of [`Alias`].
    pub(crate) struct AliasDriver {
        pub(crate) clients: Clients,
    }

    impl AliasDriver {
        /// All aliases of the account and region, or of one key, by name.
        async fn list(&self, key: Option<&str>) -> Result<HashMap<String, AliasListEntry>, Failure> {
            let request = self.clients.kms().list_aliases().set_key_id(key.map(|k| calls::bare(k).to_owned()));
            let mut pages = request.into_paginator().page_size(100).send();
            let mut aliases = HashMap::new();
            while let Some(page) = pages.next().await {
                let page = page.map_err(|e| failure("kms", "ListAliases", e))?.aliases.unwrap_or_default();
                aliases.extend(page.into_iter().filter_map(|alias| Some((alias.alias_name.clone()?, alias))));
            }
            Ok(aliases)
        }
    }

    impl TypedDriver for AliasDriver {
        type Resource = Alias;

        async fn create(&self, _: &Call, wanted: &Alias) -> Result<Created<Observed<Alias>>, Failure> {
            let name = named(wanted)?;
            let request =
                self.clients.kms().create_alias().alias_name(name).target_key_id(calls::bare(wanted.target.id()));
            request.send().await.map_err(|e| {
                let failed = failure::unseen_is_not_yet(failure("kms", "CreateAlias", e));
                if failed.kind != Kind::AlreadyExists {
                    return failed;
                }
                failed.help(format!("to take it over, say `.adopt(\"{name}\")`; else give this one another name"))
            })?;
            // The answer is empty, but an alias and its key are in one account and region.
            let arn = Arn::<Key>::parse(wanted.target.id()).ok().and_then(|key| beside(&key, name));
            Ok(match arn {
                Some(arn) => Created::whole(name, wanted.clone(), AliasOutputs { arn, name: name.to_owned() }),
                None => Created::id(name),
            })
        }

        async fn read(&self, objects: &[Known<Alias>]) -> Result<Vec<Option<Observed<Alias>>>, Failure> {
            let aliases = self.list(None).await?;
            let one = |object: &Known<Alias>| {
                aliases.get(object.id.as_str()).map(|alias| observed(alias, object.fields.as_ref())).transpose()
            };
            // An alias without a target points at nothing, as if it were not there.
            Ok(objects.iter().map(one).collect::<Result<Vec<_>, _>>()?.into_iter().map(Option::flatten).collect())
        }

        async fn sync(&self, _: &Call, id: &str, live: &Alias, wanted: &Alias) -> Result<(), Failure> {
            if live.target == wanted.target {
                return Ok(());
            }
            let request =
                self.clients.kms().update_alias().alias_name(id).target_key_id(calls::bare(wanted.target.id()));
            request.send().await.map_err(|e| failure::unseen_is_not_yet(failure("kms", "UpdateAlias", e))).map(drop)
        }

        async fn delete(&self, _: &Call, object: &Wanted<Alias>) -> Result<Progress, Failure> {
            let done = self.clients.kms().delete_alias().alias_name(object.id.as_str()).send().await;
            failure::absent_is_done(done.map_err(|e| failure("kms", "DeleteAlias", e)))?;
            Ok(Progress::Done)
        }

        /// An alias has no tags. One of our name that points at our key is what the create made.
        async fn find(&self, _: &Call, wanted: &Alias) -> Result<Found, Failure> {
            let name = named(wanted)?;
            match self.list(Some(wanted.target.id())).await {
                Ok(aliases) if aliases.contains_key(name) => Ok(Found::One(name.into())),
                Ok(_) => Ok(Found::Absent),
                Err(failed) if failed.kind == Kind::NotFound => Ok(Found::Absent),
                Err(failed) => Err(failed),
            }
        }
    }

    fn observed(alias: &AliasListEntry, recorded: Option<&Alias>) -> Result<Option<Observed<Alias>>, Failure> {
        let (Some(name), Some(arn), Some(target)) = (alias.alias_name(), alias.alias_arn(), alias.target_key_id())
        else {
            return Ok(None);
        };
        let arn = Arn::parse(arn).map_err(|e| Failure::new(Kind::Broken, format!("kms:ListAliases: {e}")))?;
        // A key is known by its ARN; the listing has the bare id.
        let target = match recorded {
            Some(recorded) if calls::bare(recorded.target.id()) == target => recorded.target.clone(),
            _ => {
                let key: Option<Arn<Key>> = beside(&arn, &format!("key/{target}"));
                Ref::from_id(key.ok_or_else(|| failure::incomplete("kms", "ListAliases", "key"))?.as_str())
            }
        };
        let fields = Alias { target, name: Some(name.to_owned()) };
        Ok(Some(Observed { fields, outputs: AliasOutputs { arn, name: name.to_owned() } }))
    }

    /// The ARN of another object in the same account and region.
    fn beside<A, B>(arn: &Arn<A>, resource: &str) -> Option<Arn<B>> {
        Arn::build(arn.partition(), "kms", arn.region()?, arn.account()?, resource).ok()
    }

    fn named(wanted: &Alias) -> Result<&str, Failure> {
        let missing = || Failure::new(Kind::Invalid, "a name is needed to make a kms:Alias");
        wanted.name.as_deref().ok_or_else(missing)
    }
}

#[cfg(all(test, feature = "kms"))]
mod tests {
    use purlin_core::{
        Handle,
        driver::{Found, Kind, Progress},
    };
    use purlin_tests::{AwsAccount, actions, harness::Cases, verbs};
    use serde_json::json;

    use super::*;
    use crate::testing::{Bench, call, changes, provider};

    fn key(aws: &AwsAccount) -> String {
        let made = aws.call("kms", "CreateKey", json!({})).expect("a key");
        made["KeyMetadata"]["Arn"].as_str().expect("an ARN").to_owned()
    }

    fn wanted(key: &str) -> Alias {
        Alias { target: Ref::from_id(key), name: Some("alias/objects".into()) }
    }

    #[tokio::test]
    async fn it_lives_and_is_pointed_elsewhere() {
        let aws = AwsAccount::fresh().expect("moto");
        let (first, second) = (wanted(&key(&aws)), wanted(&key(&aws)));
        let bench = Bench::new(&aws).await;
        let made = call("alias", "op1");
        assert_eq!(bench.find(&made, &first).await, Found::Absent);
        aws.mark().expect("the log");
        let (id, live) = bench.create(&made, &first).await.expect("a create");
        assert_eq!(changes(&aws), ["CreateAlias"]);
        assert_eq!(live.fields, first.encode());
        assert_eq!(bench.read(&id).await, Some(live));
        assert_eq!(bench.find(&made, &first).await, Found::One(id.clone()));
        assert_eq!(bench.find(&made, &second).await, Found::Absent, "it points at another key");

        bench.sync(&made, &id, &second).await.expect("a sync");
        assert_eq!(bench.read(&id).await.expect("it is there").fields, second.encode());
        aws.mark().expect("the log");
        bench.sync(&made, &id, &second).await.expect("a sync");
        assert_eq!(changes(&aws), [""; 0]);

        for _ in 0..2 {
            assert_eq!(bench.delete(&made, &id, &second).await, Ok(Progress::Done));
            assert_eq!(bench.read(&id).await, None);
        }
    }

    #[tokio::test]
    async fn many_are_read_in_one_call() {
        let aws = AwsAccount::fresh().expect("moto");
        let bench = Bench::new(&aws).await;
        let key = key(&aws);
        let mut objects = Vec::new();
        for n in 0..3 {
            let alias = Alias { name: Some(format!("alias/a{n}")), ..wanted(&key) };
            let id = bench.made(&call(&format!("a{n}"), &format!("op{n}")), &alias).await;
            objects.push(bench.recorded(&id).await);
        }
        aws.mark().expect("the log");
        assert!(bench.read_all(&objects).await.iter().all(Option::is_some));
        assert_eq!(aws.calls().expect("the log").len(), 1);
    }

    #[tokio::test]
    async fn a_name_that_is_taken_tells_the_way_out() {
        let aws = AwsAccount::fresh().expect("moto");
        let bench = Bench::new(&aws).await;
        let wanted = wanted(&key(&aws));
        bench.made(&call("theirs", "op1"), &wanted).await;
        let failure = bench.create(&call("ours", "op2"), &wanted).await.expect_err("it is taken");
        assert_eq!(failure.kind, Kind::AlreadyExists);
        assert!(failure.help.as_ref().is_some_and(|h| h.contains(".adopt(\"alias/objects\")")), "{failure:?}");
    }

    fn cases() -> Cases<[Handle<Key>; 2], AliasArgs> {
        let keys = |stack: &mut purlin_core::Stack| ["first", "second"].map(|name| stack.add(name, Key::new()));
        Cases::new(provider, keys, |[first, _]| Alias::new(first))
            .update([Alias::TARGET], |_, [_, second]| Alias::new(second))
            .replace([Alias::NAME], |alias, _| alias.name("alias/another"))
    }

    #[test]
    fn the_verbs_hold() {
        verbs(&cases()).unwrap_or_else(|broken| panic!("{broken}"));
    }

    #[test]
    fn the_actions_are_those_that_are_declared() {
        actions(&cases()).unwrap_or_else(|broken| panic!("{broken}"));
    }
}
