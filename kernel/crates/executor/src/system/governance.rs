//! ChainGovernance 0x1008: the committee, its votes, operators, frozen accounts (execution §2.12, §4.3).
//!
//! The committee are the rows of `_sys_table_access_` for itself. Weights, the threshold and pending votes are in
//! `_sys_committee_votes_`. A vote passes when the weight behind it is more than the threshold's part of all weight.

use std::sync::Arc;

use bytes::Bytes;
use hansa_state::{names, Access, Condition, Created, Table};

use super::abi::{self, Arguments, Value};
use super::gas::MemoryRule;
use super::{codes, json, rights, Answer, Call, Exception, Interface};
use crate::text::prefixed_hex;

const ALREADY_MEMBER: i64 = -52_000;
const NOT_MEMBER: i64 = -52_001;
const DENIED: i64 = -52_002;
const BAD_THRESHOLD: i64 = -52_003;
const IS_OPERATOR: i64 = -52_004;
const IS_MEMBER: i64 = -52_005;
const ALREADY_OPERATOR: i64 = -52_006;
const NOT_OPERATOR: i64 = -52_007;
const SAME_VALUE: i64 = -52_012;

/// What committee members may write, besides the committee itself.
const MEMBER_TABLES: [&str; 3] = [names::TABLE_ACCESS, names::CONFIG, names::CONSENSUS];

/// What operators may write.
const OPERATOR_TABLES: [&str; 2] = [names::TABLES, names::CNS];

/// For how many blocks a vote counts.
const VOTE_LIFETIME: u64 = 10_000;

const GRANT: &str = "grant";
const REVOKE: &str = "revoke";

pub(crate) fn governance() -> Interface<()> {
    let methods: [(_, super::Handler<()>); 15] = [
        ("grantCommitteeMember(address)", grant_member),
        ("revokeCommitteeMember(address)", revoke_member),
        ("listCommitteeMembers()", |call, (), _| listed(call, names::TABLE_ACCESS)),
        ("updateCommitteeMemberWeight(address,int256)", update_weight),
        ("queryCommitteeMemberWeight(address)", |call, (), arguments| {
            let member = Bytes::from(prefixed_hex(&arguments.address()));
            let is_member = rights::is_member(call, &member)?;
            let number = if is_member { Votes::open(call)?.weight(call, &member)? } else { NOT_MEMBER };
            Ok(abi::encode(&[Value::Bool(is_member), Value::Uint(abi::code_word(number))]))
        }),
        ("updateThreshold(int256)", update_threshold),
        ("queryThreshold()", |call, (), _| {
            // Cut, not rounded: some hundredths come out one less.
            Ok(abi::code((Votes::open(call)?.threshold(call)? * 100.0) as i64))
        }),
        ("queryVotesOfMember(address)", votes_of_member),
        ("queryVotesOfThreshold()", |call, (), _| {
            let votes = Votes::open(call)?;
            let pending = votes.pending(call, THRESHOLD_VOTE.as_bytes())?;
            let mut values: Vec<Bytes> = pending.iter().map(|vote| vote.value.clone()).collect();
            values.sort();
            values.dedup();
            let of_value = |value: &Bytes| {
                let votes: Vec<Vec<u8>> =
                    pending.iter().filter(|vote| vote.value == value).map(Vote::json).collect();
                (value.clone(), json::array(&votes))
            };
            Ok(text_or_null(values.iter().map(of_value).collect()))
        }),
        ("grantOperator(address)", |call, (), arguments| {
            let operator = prefixed_hex(&arguments.address());
            if !is_origin_member(call)? {
                return Ok(abi::code(DENIED));
            }
            if rights::is_member(call, operator.as_bytes())? {
                return Ok(abi::code(IS_MEMBER));
            }
            if is_operator(call, operator.as_bytes())? {
                return Ok(abi::code(ALREADY_OPERATOR));
            }
            for table in OPERATOR_TABLES {
                rights::grant(call, table.as_bytes(), operator.as_bytes())?;
            }
            Ok(abi::code(1))
        }),
        ("revokeOperator(address)", |call, (), arguments| {
            let operator = prefixed_hex(&arguments.address());
            if !is_origin_member(call)? {
                return Ok(abi::code(DENIED));
            }
            if !is_operator(call, operator.as_bytes())? {
                return Ok(abi::code(NOT_OPERATOR));
            }
            for table in OPERATOR_TABLES {
                rights::revoke(call, table.as_bytes(), operator.as_bytes())?;
            }
            Ok(abi::code(1))
        }),
        ("listOperators()", |call, (), _| listed(call, names::TABLES)),
        ("freezeAccount(address)", |call, (), arguments| set_frozen(call, arguments, true)),
        ("unfreezeAccount(address)", |call, (), arguments| set_frozen(call, arguments, false)),
        ("getAccountStatus(address)", account_status),
    ];
    Interface::new(MemoryRule::ResultOnly, abi::nothing, &methods)
}

fn is_origin_member(call: &Call<'_, '_>) -> Result<bool, Exception> {
    rights::is_member(call, call.world.origin_text().as_bytes())
}

/// Holds any of the rights of an operator.
fn is_operator(call: &Call<'_, '_>, address: &[u8]) -> Result<bool, Exception> {
    for table in OPERATOR_TABLES {
        if rights::holds(call, table.as_bytes(), address)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn listed(call: &Call<'_, '_>, table: &str) -> Answer {
    let object = |right: &rights::Right| {
        json::object([("address", &right.address[..]), ("enable_num", &right.enable_num)])
    };
    let objects: Vec<Vec<u8>> = rights::listed(call, table.as_bytes())?.iter().map(object).collect();
    Ok(abi::encode(&[Value::Text(json::line(json::array(&objects)))]))
}

fn grant_member(call: &mut Call<'_, '_>, (): &(), arguments: &mut Arguments<'_>) -> Answer {
    let member = Bytes::from(prefixed_hex(&arguments.address()));
    if is_operator(call, &member)? {
        return Ok(abi::code(IS_OPERATOR));
    }
    let committee = rights::listed(call, names::TABLE_ACCESS.as_bytes())?;
    if committee.iter().any(|right| right.address == member) {
        return Ok(abi::code(ALREADY_MEMBER));
    }
    let votes = Votes::open(call)?;
    if !committee.is_empty() {
        match votes.vote(call, &member, GRANT)? {
            Ballot::Passed => {}
            Ballot::Pending => return Ok(abi::code(0)),
            Ballot::Denied => return Ok(abi::code(DENIED)),
        }
    }
    for table in MEMBER_TABLES {
        rights::grant(call, table.as_bytes(), &member)?;
    }
    votes.set_weight(call, &member, "1".into())?;
    Ok(abi::code(1))
}

fn revoke_member(call: &mut Call<'_, '_>, (): &(), arguments: &mut Arguments<'_>) -> Answer {
    let member = Bytes::from(prefixed_hex(&arguments.address()));
    if !rights::is_member(call, &member)? {
        return Ok(abi::code(NOT_MEMBER));
    }
    let votes = Votes::open(call)?;
    match votes.vote(call, &member, REVOKE)? {
        Ballot::Passed => {}
        Ballot::Pending => return Ok(abi::code(0)),
        Ballot::Denied => return Ok(abi::code(DENIED)),
    }
    for table in MEMBER_TABLES {
        rights::revoke(call, table.as_bytes(), &member)?;
    }
    votes.remove_weight(call, &member)?;
    Ok(abi::code(1))
}

fn update_weight(call: &mut Call<'_, '_>, (): &(), arguments: &mut Arguments<'_>) -> Answer {
    let (member, weight) = (Bytes::from(prefixed_hex(&arguments.address())), arguments.int());
    if weight.saturated() <= 0 {
        let weight = String::from_utf8_lossy(&weight.decimal()).into_owned();
        return Err(Exception::thrown(format!(
            "updateCommitteeMemberWeight failed for invalid weight \"{weight}\", the weight must be greater than 0"
        )));
    }
    if !rights::is_member(call, &member)? {
        return Ok(abi::code(NOT_MEMBER));
    }
    let votes = Votes::open(call)?;
    if votes.weight(call, &member)? == weight.saturated() {
        return Ok(abi::code(SAME_VALUE));
    }
    let value = weight.decimal();
    let text = String::from_utf8_lossy(&value).into_owned();
    match votes.vote(call, &weight_vote(&member), &text)? {
        Ballot::Passed => votes.set_weight(call, &member, value)?,
        Ballot::Pending => return Ok(abi::code(0)),
        Ballot::Denied => return Ok(abi::code(DENIED)),
    }
    Ok(abi::code(1))
}

fn update_threshold(call: &mut Call<'_, '_>, (): &(), arguments: &mut Arguments<'_>) -> Answer {
    let percent = arguments.int().saturated();
    if !(0..100).contains(&percent) {
        return Ok(abi::code(BAD_THRESHOLD));
    }
    let value = format!("{:.6}", percent as f64 / 100.0);
    let votes = Votes::open(call)?;
    if votes.read(call, THRESHOLD.as_bytes())?.is_some_and(|current| current == value) {
        return Ok(abi::code(SAME_VALUE));
    }
    match votes.vote(call, THRESHOLD_VOTE.as_bytes(), &value)? {
        Ballot::Passed => votes.put(call, THRESHOLD.as_bytes(), value.into())?,
        Ballot::Pending => return Ok(abi::code(0)),
        Ballot::Denied => return Ok(abi::code(DENIED)),
    }
    Ok(abi::code(1))
}

fn votes_of_member(call: &mut Call<'_, '_>, (): &(), arguments: &mut Arguments<'_>) -> Answer {
    let member = Bytes::from(prefixed_hex(&arguments.address()));
    let votes = Votes::open(call)?;
    let membership = votes.pending(call, &member)?;
    let of =
        |kind: &str| membership.iter().filter(|vote| vote.value == kind).map(Vote::json).collect::<Vec<_>>();
    let weights = votes.pending(call, &weight_vote(&member))?;
    let weights = weights.iter().map(Vote::json_with_target).collect();
    let lists = [(GRANT, of(GRANT)), (REVOKE, of(REVOKE)), ("update_weight", weights)];
    let present = lists.into_iter().filter(|(_, list)| !list.is_empty());
    Ok(text_or_null(present.map(|(name, list)| (Bytes::from(name), json::array(&list))).collect()))
}

/// An object of what is JSON already; `null` if there is nothing in it.
fn text_or_null(members: Vec<(Bytes, Vec<u8>)>) -> Vec<u8> {
    let member = |(name, value): (Bytes, Vec<u8>)| [&json::quoted(&name)[..], b":", &value].concat();
    let text = match members.is_empty() {
        true => b"null".to_vec(),
        false => {
            let members: Vec<Vec<u8>> = members.into_iter().map(member).collect();
            [b"{", &members.join(&b","[..])[..], b"}"].concat()
        }
    };
    abi::encode(&[Value::Text(json::line(text))])
}

const ACCOUNT_MISSING: i64 = -52_008;
const NOT_AN_ACCOUNT: i64 = -52_009;
const ACCOUNT_AVAILABLE: i64 = -52_010;
const ACCOUNT_FROZEN: i64 = -52_011;

/// Frozen from the next call on. Members freeze, and are not frozen.
fn set_frozen(call: &mut Call<'_, '_>, arguments: &mut Arguments<'_>, frozen: bool) -> Answer {
    let address = arguments.address();
    let Some(account) = call.world.account(&address)? else { return Ok(abi::code(ACCOUNT_MISSING)) };
    if !account.code(&call.world.session)?.is_empty() {
        return Ok(abi::code(NOT_AN_ACCOUNT));
    }
    if !is_origin_member(call)? || frozen && rights::is_member(call, prefixed_hex(&address).as_bytes())? {
        return Ok(abi::code(codes::NO_AUTHORIZED));
    }
    if account.is_frozen(&call.world.session)? == frozen {
        return Ok(abi::code(if frozen { ACCOUNT_FROZEN } else { ACCOUNT_AVAILABLE }));
    }
    account.set_frozen(&mut call.world.session, frozen)?;
    Ok(abi::code(1))
}

fn account_status(call: &mut Call<'_, '_>, (): &(), arguments: &mut Arguments<'_>) -> Answer {
    let session_account = call.world.account(&arguments.address())?;
    let text = match session_account {
        None => "The address is nonexistent.",
        Some(account) if !account.code(&call.world.session)?.is_empty() => "This is not a account address.",
        Some(account) if account.is_frozen(&call.world.session)? => {
            "The account has been frozen. You can use this account after unfreezing it."
        }
        Some(_) => "The account is available.",
    };
    Ok(abi::encode(&[Value::Text(Bytes::from_static(text.as_bytes()))]))
}

const VOTES: &str = "_sys_committee_votes_";
const THRESHOLD: &str = "auth_threshold";
const THRESHOLD_DEFAULT: &str = "0.500000";
const THRESHOLD_VOTE: &str = "update_auth_threshold";

fn weight_key(member: &[u8]) -> Vec<u8> {
    [member, b"_weight"].concat()
}

fn weight_vote(member: &[u8]) -> Vec<u8> {
    [member, b"_update_weight"].concat()
}

/// How a ballot stands.
enum Ballot {
    Passed,
    Pending,
    /// The origin is not a member.
    Denied,
}

/// A vote somebody cast.
struct Vote {
    value: Bytes,
    voter: Bytes,
    block_limit: Bytes,
}

impl Vote {
    fn json(&self) -> Vec<u8> {
        json::object([("block_limit", &self.block_limit[..]), ("voter", &self.voter)])
    }

    fn json_with_target(&self) -> Vec<u8> {
        json::object([
            ("block_limit", &self.block_limit[..]),
            ("target", &self.value),
            ("voter", &self.voter),
        ])
    }
}

/// The table of weights and votes.
struct Votes(Arc<Table>);

impl Votes {
    /// The table is made when it is first needed.
    fn open(call: &mut Call<'_, '_>) -> Result<Self, Exception> {
        if let Some(table) = call.open(VOTES.as_bytes())? {
            return Ok(Self(table));
        }
        let session = &mut call.world.session;
        let Created::Table(table) =
            session.create(VOTES, "key", "value,origin,block_limit", Access::System)?
        else {
            return Err(Exception::unspecified());
        };
        let fields = [("value", Bytes::from_static(THRESHOLD_DEFAULT.as_bytes()))];
        session.insert(&table, THRESHOLD.as_bytes(), fields, Access::System)?;
        Ok(Self(table))
    }

    fn read(&self, call: &Call<'_, '_>, key: &[u8]) -> Result<Option<Bytes>, Exception> {
        Ok(call.world.session.first_field(&self.0, key, "value")?)
    }

    fn put(&self, call: &mut Call<'_, '_>, key: &[u8], value: Bytes) -> Result<(), Exception> {
        let is_new = self.read(call, key)?.is_none();
        let origin = Bytes::copy_from_slice(call.world.origin_text().as_bytes());
        let fields = [("value", value), ("origin", origin)];
        let session = &mut call.world.session;
        match is_new {
            true => session.insert(&self.0, key, fields, Access::System)?,
            false => session.update(&self.0, key, fields, &Condition::all(), Access::System)?,
        };
        Ok(())
    }

    fn threshold(&self, call: &Call<'_, '_>) -> Result<f64, Exception> {
        let text = self.read(call, THRESHOLD.as_bytes())?.unwrap_or_default();
        std::str::from_utf8(&text).ok().and_then(|text| text.parse().ok()).ok_or_else(Exception::unspecified)
    }

    fn weight(&self, call: &Call<'_, '_>, member: &[u8]) -> Result<i64, Exception> {
        let text = self.read(call, &weight_key(member))?.unwrap_or_default();
        Ok(std::str::from_utf8(&text).ok().and_then(|text| text.parse().ok()).unwrap_or(0))
    }

    fn set_weight(&self, call: &mut Call<'_, '_>, member: &[u8], weight: Bytes) -> Result<(), Exception> {
        self.put(call, &weight_key(member), weight)
    }

    fn remove_weight(&self, call: &mut Call<'_, '_>, member: &[u8]) -> Result<(), Exception> {
        call.world.session.remove(&self.0, &weight_key(member), &Condition::all(), Access::System)?;
        Ok(())
    }

    fn pending(&self, call: &Call<'_, '_>, key: &[u8]) -> Result<Vec<Vote>, Exception> {
        let rows = call.world.session.select(&self.0, key, &Condition::all())?;
        let schema = self.0.schema();
        let field = |row: &hansa_state::Selected, field| row.get(schema, field).cloned().unwrap_or_default();
        let vote = |row| Vote {
            value: field(row, "value"),
            voter: field(row, "origin"),
            block_limit: field(row, "block_limit"),
        };
        Ok(rows.iter().map(vote).collect())
    }

    /// Cast the origin's vote and count. Votes of a ballot that passed are used up.
    fn vote(&self, call: &mut Call<'_, '_>, key: &[u8], value: &str) -> Result<Ballot, Exception> {
        if !is_origin_member(call)? {
            return Ok(Ballot::Denied);
        }
        self.cast(call, key, value)?;
        let mut in_favour = 0.0;
        for vote in self.pending(call, key)?.iter().filter(|vote| vote.value == value) {
            in_favour += self.weight(call, &vote.voter)? as f64;
        }
        let mut all = 0.0;
        for member in rights::listed(call, names::TABLE_ACCESS.as_bytes())? {
            all += self.weight(call, &member.address)? as f64;
        }
        if in_favour / all > self.threshold(call)? {
            let mut used = Condition::all();
            used.equal("value", value.to_owned());
            call.world.session.remove(&self.0, key, &used, Access::System)?;
            return Ok(Ballot::Passed);
        }
        Ok(Ballot::Pending)
    }

    /// A member has one vote per ballot; expired votes go.
    fn cast(&self, call: &mut Call<'_, '_>, key: &[u8], value: &str) -> Result<(), Exception> {
        let parent = call.world.block.current_number.saturating_sub(1);
        let mut expired = Condition::all();
        expired.less_or_equal("block_limit", parent.to_string());
        let voter = Bytes::copy_from_slice(call.world.origin_text().as_bytes());
        let mut own = Condition::all();
        own.equal("origin", voter.clone());
        let limit = Bytes::from((parent + VOTE_LIFETIME).to_string());
        let fields = [("value", Bytes::from(value.to_owned())), ("origin", voter), ("block_limit", limit)];

        let session = &mut call.world.session;
        if !session.select(&self.0, key, &expired)?.is_empty() {
            session.remove(&self.0, key, &expired, Access::System)?;
        }
        match session.select(&self.0, key, &own)?.is_empty() {
            true => session.insert(&self.0, key, fields, Access::System)?,
            false => session.update(&self.0, key, fields, &own, Access::System)?,
        };
        Ok(())
    }
}
