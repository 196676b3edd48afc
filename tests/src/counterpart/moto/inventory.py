"""What exists in an account: the outside witness.

Read straight from moto's backends, so that neither the code under test nor the API it speaks has a say in it. Left out
is what AWS makes by itself and nobody declared: default VPCs with their subnets, the default security group and the main
route table of a VPC, AWS-managed keys, aliases and policies, the default event bus. A key that waits for its deletion
counts as gone.

Answer: kind -> [{"id", "name", "region", "tags", ...}], kinds written as `ec2:Vpc`, sorted, so that == compares two.
"""

import sys


def inventory(account, region=None):
    """Everything in an account, in one region or in all that were used. Kinds with nothing in them are left out."""
    found = {}
    for service, kinds in KINDS.items():
        for where, backend in _backends(service, account):
            for kind, things in kinds(backend):
                # "aws" is the partition, where moto keeps what has no region, and buckets, which say theirs.
                placed = [{"region": "global" if where == "aws" else where, **thing} for thing in things]
                listed = found.setdefault(f"{_prefix(service)}:{kind}", [])
                listed += [thing for thing in placed if region is None or thing["region"] in (region, "global")]
    by_id = lambda thing: (str(thing["id"]), thing["region"])
    return {kind: sorted(things, key=by_id) for kind, things in sorted(found.items()) if things}


def _backends(service, account):
    """The backends that exist. Asking moto for others would make them, with default VPCs and all."""
    module = sys.modules.get(f"moto.{service}.models")
    accounts = getattr(module, f"{service}_backends", None)
    if accounts is None or account not in list(accounts.keys()):
        return []
    return list(dict.items(accounts[account]))


def _prefix(service):
    return {"elbv2": "elasticloadbalancing"}.get(service, service)


def _tags(tags):
    """Tags as a plain map, from any of the shapes that moto's services keep them in."""
    if not tags:
        return {}
    plain = {}
    for key, value in tags.items() if isinstance(tags, dict) else enumerate(tags):
        if isinstance(value, dict):
            lower = {k.lower().removeprefix("tag"): v for k, v in value.items()}
            plain[lower.get("key", key)] = lower.get("value", "")
        else:
            plain[key] = value
    return dict(sorted(plain.items()))


def _thing(id, name=None, tags=None, **more):
    return {"id": id, "name": name, "tags": _tags(tags), **more}


def _tagged(backend, arn):
    return backend.tagger.get_tag_dict_for_resource(arn)


def _ec2(b):
    def of(things, **more):
        for thing in things:
            tags = dict(b.tags.get(thing.id, {}))
            yield _thing(thing.id, tags.get("Name"), tags, **{k: read(thing) for k, read in more.items()})

    default_vpcs = {v.id for v in b.vpcs.values() if v.is_default}
    subnets = [s for zone in b.subnets.values() for s in zone.values() if s.vpc_id not in default_vpcs]
    all_groups = [g for vpc, held in b.groups.items() if vpc not in default_vpcs for g in held.values()]
    groups = [g for g in all_groups if g.name != "default"]
    # All rules but the one that AWS gives to every new group, also those that somebody put into a default group.
    rules = [r for g in all_groups for r in [*g.ingress_rules, *g.egress_rules] if not _is_default_egress(r)]
    yield "Vpc", of((v for v in b.vpcs.values() if not v.is_default), cidr=lambda v: v.cidr_block)
    yield "Subnet", of(subnets, vpc=lambda s: s.vpc_id, cidr=lambda s: s.cidr_block, zone=lambda s: s.availability_zone)
    yield "SecurityGroup", of(groups, vpc=lambda g: g.vpc_id, group_name=lambda g: g.name)
    yield "SecurityGroupRule", of(rules, group=lambda r: r.group_id, egress=lambda r: r.is_egress)
    yield "InternetGateway", of(b.internet_gateways.values(), vpc=lambda g: getattr(g.vpc, "id", None))
    yield "EgressOnlyInternetGateway", of(b.egress_only_internet_gateways.values())
    yield "NatGateway", of(n for n in b.nat_gateways.values() if n.state != "deleted")
    yield "Eip", of((a for a in b.addresses if a.id), public_ip=lambda a: a.public_ip)
    tables = [t for t in b.route_tables.values() if t.main_association_id is None and t.vpc_id not in default_vpcs]
    yield "RouteTable", of(tables, vpc=lambda t: t.vpc_id)
    # Neither the local route nor the ones that a gateway endpoint puts into its tables.
    endpoints = list(b.vpc_end_points.values())
    theirs = {f"{t}|{e.destination_prefix_list_id}" for e in endpoints for t in e.route_table_ids or []}
    own_tables = [t for t in b.route_tables.values() if t.vpc_id not in default_vpcs]
    routes = {f"{t.id}|{_destination(r)}": t.id for t in own_tables for r in t.routes if not r.local}
    yield "Route", [_thing(route, table=table) for route, table in routes.items() if route not in theirs]
    links = [(t, link, target) for t in b.route_tables.values() for link, target in t._associations.items()]
    yield "RouteTableAssociation", [_thing(link, table=t.id, target=target) for t, link, target in links]
    yield "VpcEndpoint", of((e for e in endpoints if e.state != "deleted"), service=lambda e: e.service_name)
    yield "NetworkAcl", of(a for a in b.network_acls.values() if not _is_default(a))
    # Not the interfaces that a NAT gateway or an endpoint has made for itself.
    made = {n._eni.id for n in b.nat_gateways.values()} | {i for e in endpoints for i in e.network_interface_ids or []}
    yield "NetworkInterface", of((e for e in b.enis.values() if e.id not in made), vpc=lambda e: e.subnet.vpc_id)
    yield "FlowLog", of(b.flow_logs.values())
    yield "DhcpOptions", of(b.dhcp_options_sets.values())
    yield "LaunchTemplate", of(b.launch_templates.values(), template_name=lambda t: t.name)
    yield "KeyPair", of(b.key_pairs.values(), key_name=lambda k: k.name)
    yield "Volume", of(b.volumes.values())
    yield "PrefixList", of(p for p in b.managed_prefix_lists.values() if p.resource_owner_id != "AWS")
    yield "VpcPeering", of(p for p in b.vpc_pcxs.values() if p._status.code != "deleted")
    instances = [i for r in b.reservations.values() for i in r.instances if i.instance_state.name != "terminated"]
    yield "Instance", of(instances, type=lambda i: i.instance_type)


def _destination(route):
    prefix_list = route.destination_prefix_list
    return route.destination_cidr_block or route.destination_ipv6_cidr_block or getattr(prefix_list, "id", None)


def _is_default(acl):
    return acl.default in (True, "true")


def _is_default_egress(rule):
    everywhere = rule.ip_range.get("CidrIp") == "0.0.0.0/0" and not rule.ip_range.get("Description")
    return rule.is_egress and rule.ip_protocol == "-1" and everywhere


def _iam(b):
    roles = list(b.roles.values())
    yield "Role", [_thing(r.arn, r.name, r.tags) for r in roles]
    yield "RolePolicy", [_thing(f"{r.name}|{name}", name) for r in roles for name in r.policies]
    yield "RolePolicyAttachment", [_thing(f"{r.name}|{arn}", r.name) for r in roles for arn in r.managed_policies]
    own = [p for p in b.managed_policies.values() if ":iam::aws:" not in p.arn]
    yield "Policy", [_thing(p.arn, p.name, p.tags) for p in own]
    yield "InstanceProfile", [_thing(p.arn, p.name, p.tags) for p in b.instance_profiles.values()]
    yield "OidcProvider", [_thing(p.arn, p.url, p.tags) for p in b.open_id_providers.values()]
    yield "User", [_thing(u.arn, u.name, u.tags) for u in b.users.values()]
    yield "AccessKey", [_thing(k.access_key_id, u.name) for u in b.users.values() for k in u.access_keys]
    yield "Group", [_thing(g.arn, g.name) for g in b.groups.values()]


def _kms(b):
    # moto makes a key for each alias/aws/* that is asked for, and calls its manager CUSTOMER all the same.
    own = [k for k in b.keys.values() if not any(name.startswith("alias/aws/") for name in k.aliases)]
    keys = [k for k in own if k.key_manager == "CUSTOMER" and k.key_state != "PendingDeletion"]
    yield "Key", [_thing(k.id, k.description or None, _tagged(b, k.id), state=k.key_state) for k in keys]
    yield "Alias", [_thing(name, name, key=k.id) for k in own for name in k.aliases]
    yield "Grant", [_thing(g.grant_id, g.name, key=k.id) for k in keys for g in k.grants.values()]


def _s3(b):
    def of(bucket):
        tags = _tagged(b, bucket.arn)
        return _thing(bucket.name, bucket.name, tags, region=bucket.region_name, objects=_objects(bucket))

    yield "Bucket", [of(bucket) for bucket in list(b.buckets.values())]


def _objects(bucket):
    """Versions and delete markers, all of which have to go before the bucket can."""
    return sum(len(bucket.keys.getlist(key)) for key in list(bucket.keys))


def _logs(b):
    groups = list(b.groups.values())
    yield "LogGroup", [_thing(g.name, g.name, _tagged(b, g.arn), retention=g.retention_in_days) for g in groups]


def _dynamodb(b):
    yield "Table", [_thing(t.name, t.name, t.tags) for t in b.tables.values()]


def _sqs(b):
    yield "Queue", [_thing(q.name, q.name, q.tags) for q in b.queues.values()]


def _sns(b):
    yield "Topic", [_thing(t.arn, t.name, t._tags) for t in b.topics.values()]


def _ecr(b):
    yield "Repository", [_thing(r.name, r.name, _tagged(b, r.arn)) for r in b.repositories.values()]


def _secretsmanager(b):
    yield "Secret", [_thing(s.arn, s.name, s.tags) for s in b.secrets.values() if s.deleted_date is None]


def _ssm(b):
    own = [versions[-1] for name, versions in list(b._parameters.items()) if versions and not name.startswith("/aws/")]
    yield "Parameter", [_thing(p.name, p.name, b._resource_tags.get("Parameter", {}).get(p.name)) for p in own]


def _rds(b):
    own = [g for g in b.db_parameter_groups.values() if not g.name.startswith("default.")]
    yield "Instance", [_thing(d.db_instance_identifier, d.db_instance_identifier, d.tags) for d in b.databases.values()]
    yield "Cluster", [_thing(c.db_cluster_identifier, c.db_cluster_identifier, c.tags) for c in b.clusters.values()]
    yield "SubnetGroup", [_thing(g.name, g.name, g.tags) for g in b.subnet_groups.values()]
    yield "ParameterGroup", [_thing(g.name, g.name, g.tags) for g in own]


def _eks(b):
    clusters = list(b.clusters.values())
    yield "Cluster", [_thing(c.name, c.name, c.tags) for c in clusters]
    yield "NodeGroup", [_thing(f"{c.name}|{n}", n, g.tags) for c in clusters for n, g in c.nodegroups.items()]
    profiles = [(c.name, n, p) for c in clusters for n, p in c.fargate_profiles.items()]
    yield "FargateProfile", [_thing(f"{c}|{n}", n, p.tags) for c, n, p in profiles]


def _events(b):
    buses = list(b.event_buses.values())
    yield "EventBus", [_thing(u.arn, u.name, _tagged(b, u.arn)) for u in buses if u.name != "default"]
    yield "Rule", [_thing(r.arn, r.name, _tagged(b, r.arn)) for u in buses for r in u.rules.values()]


def _elbv2(b):
    def of(things):
        for thing in list(things):
            yield _thing(thing.arn, thing.name, b.tagging_service.get_tag_dict_for_resource(thing.arn))

    yield "LoadBalancer", of(b.load_balancers.values())
    yield "TargetGroup", of(b.target_groups.values())


def _cloudwatch(b):
    yield "Alarm", [_thing(a.name, a.name, _tagged(b, a.alarm_arn)) for a in b.alarms.values()]
    yield "Dashboard", [_thing(name, name) for name in b.dashboards]


# One function a service; a new kind is a line in it, a new service a function and a line here.
KINDS = {
    "cloudwatch": _cloudwatch,
    "dynamodb": _dynamodb,
    "ec2": _ec2,
    "ecr": _ecr,
    "eks": _eks,
    "elbv2": _elbv2,
    "events": _events,
    "iam": _iam,
    "kms": _kms,
    "logs": _logs,
    "rds": _rds,
    "s3": _s3,
    "secretsmanager": _secretsmanager,
    "sns": _sns,
    "sqs": _sqs,
    "ssm": _ssm,
}
