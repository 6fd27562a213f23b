internal import Crypto
internal import Dispatch
internal import Foundation
public import Storage
internal import Synchronization

/// Every rule set and policy that ever decided, by digest: a decision of last year is made again
/// with the rules of last year.
///
/// A rule set is kept as the files that it was compiled from, each once, however many sets have
/// it. Compiled again, it must come out with the same digest.
public final class RuleArchive: Sendable {
    /// A letter and a digest → a file, what a rule set is made of, or a policy.
    public static let family = Family("rule_archive")

    /// Why an archived rule set or policy cannot be had.
    public enum Failure: Error, Hashable, CustomStringConvertible {
        case missing(kind: String, digest: [UInt8])
        case damaged(String)

        public var description: String {
            switch self {
            case .missing(let kind, let digest):
                "the \(kind) \(Self.short(digest)) is not kept here; see 'assay rules' for those "
                    + "that are"
            case .damaged(let reason): reason
            }
        }

        static func short(_ digest: [UInt8]) -> String {
            digest.prefix(6).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
    }

    fileprivate struct State {
        /// Newest use last.
        var ruleSets: [RuleSet] = []
        var policies: [Policy] = []
        /// What decides now: never given up, and needs no files.
        var pinned: [RuleSet] = []
    }

    private static let maximumRuleSets = 4
    fileprivate static let maximumPolicies = 64
    private static let maximumPinned = 2
    private static let format = "assay.rule-archive/1"

    private let store: any KeyValueStore
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "assay.risk.rule-archive", qos: .utility)

    public init(store: any KeyValueStore) { self.store = store }

    // MARK: Keeping

    /// Keeps the files of a rule set; returns once they are on the disk. Keeping it again changes
    /// nothing.
    public func keep(_ rules: RuleSet, sources: RuleSources, profile: String?) throws {
        remember(rules)
        guard try store.get(Self.key(.ruleSet, rules.digest), in: Self.family) == nil else {
            return
        }
        var batch = WriteBatch()
        var manifest = Self.format + "\n"
        if let profile { manifest += "profile \(profile)\n" }
        for file in sources.files {
            let text = Array(file.text.utf8)
            let digest = Array(SHA256.hash(data: text))
            manifest += "file \(Self.hexadecimal(digest)) \(file.name)\n"
            batch.put(Self.key(.file, digest), text, in: Self.family)
        }
        batch.put(Self.key(.ruleSet, rules.digest), Array(manifest.utf8), in: Self.family)
        try store.write(batch, sync: true)
    }

    /// Keeps the text that a policy was read from.
    public func keep(policyText text: String) throws {
        let bytes = Array(text.utf8)
        let key = Self.key(.policy, Array(SHA256.hash(data: bytes)))
        guard try store.get(key, in: Self.family) == nil else { return }
        var batch = WriteBatch()
        batch.put(key, bytes, in: Self.family)
        try store.write(batch, sync: true)
    }

    /// Has a rule set that decides now at hand, whether or not its files are kept.
    public func remember(_ rules: RuleSet) {
        state.withLock { state in
            state.pinned.removeAll { $0.digest == rules.digest }
            state.pinned.append(rules)
            if state.pinned.count > Self.maximumPinned { state.pinned.removeFirst() }
        }
    }

    /// Has a policy that decides now at hand.
    public func remember(_ policy: Policy) {
        state.withLock { $0.remember(policy) }
    }

    // MARK: Finding

    /// The rule set of a digest, compiled again if it is not at hand.
    public func ruleSet(_ digest: [UInt8]) throws -> RuleSet {
        if let rules = state.withLock({ $0.ruleSet(digest) }) { return rules }
        let kept = try files(of: digest)
        var loader = RuleSetLoader(kept.sources, profile: kept.profile, runsTests: false)
        let rules: RuleSet
        do {
            rules = try loader.load()
        } catch {
            throw Failure.damaged(
                "the rule set \(Failure.short(digest)) cannot be compiled by this version: \(error)"
            )
        }
        guard rules.digest == digest else {
            throw Failure.damaged(
                "the files of the rule set \(Failure.short(digest)) make another one, "
                    + Failure.short(rules.digest))
        }
        state.withLock { state in
            state.ruleSets.removeAll { $0.digest == digest }
            state.ruleSets.append(rules)
            if state.ruleSets.count > Self.maximumRuleSets { state.ruleSets.removeFirst() }
        }
        return rules
    }

    /// The same, without keeping a thread of calls busy while it compiles.
    func compiled(_ digest: [UInt8]) async throws -> RuleSet {
        if let rules = state.withLock({ $0.ruleSet(digest) }) { return rules }
        return try await withCheckedThrowingContinuation { continuation in
            queue.async { [self] in
                continuation.resume(with: Result { try ruleSet(digest) })
            }
        }
    }

    /// The policy of a digest.
    public func policy(_ digest: [UInt8]) throws -> Policy {
        if let policy = state.withLock({ $0.policy(digest) }) { return policy }
        guard let bytes = try store.get(Self.key(.policy, digest), in: Self.family) else {
            throw Failure.missing(kind: "policy", digest: digest)
        }
        let policy = try Policy(yaml: String(decoding: bytes, as: UTF8.self), file: "policy.yaml")
        guard policy.digest == digest else {
            throw Failure.damaged("the policy \(Failure.short(digest)) was altered")
        }
        state.withLock { $0.remember(policy) }
        return policy
    }

    /// The files of a rule set, and the parameter profile that it was compiled with.
    public func files(of digest: [UInt8]) throws -> (sources: RuleSources, profile: String?) {
        guard let bytes = try store.get(Self.key(.ruleSet, digest), in: Self.family) else {
            throw Failure.missing(kind: "rule set", digest: digest)
        }
        var profile: String?
        var files: [RuleSources.File] = []
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard lines.first == Self.format[...] else {
            throw Failure.damaged("the rule set \(Failure.short(digest)) is kept in another format")
        }
        for line in lines.dropFirst() {
            let words = line.split(separator: " ", maxSplits: 2)
            if words.count == 2, words[0] == "profile" {
                profile = String(words[1])
            } else if words.count == 3, words[0] == "file" {
                files.append(try file(String(words[2]), String(words[1])))
            }
        }
        return (RuleSources(files: files), profile)
    }

    /// Digests of all rule sets that are kept, ascending.
    public func ruleSets() throws -> [[UInt8]] {
        try store.rows(Self.family, .prefix([Kind.ruleSet.rawValue]), limit: 100_000)
            .map { Array($0.key.dropFirst()) }
    }

    private func file(_ name: String, _ digest: String) throws -> RuleSources.File {
        let key = [Kind.file.rawValue] + Self.bytes(digest)
        guard let text = try store.get(key, in: Self.family),
            Self.hexadecimal(Array(SHA256.hash(data: text))) == digest
        else { throw Failure.damaged("the kept file \(name) is missing or was altered") }
        return RuleSources.File(name: name, text: String(decoding: text, as: UTF8.self))
    }

    // MARK: Keys

    private enum Kind: UInt8 {
        case file = 0x46
        case policy = 0x50
        case ruleSet = 0x52
    }

    private static func key(_ kind: Kind, _ digest: [UInt8]) -> [UInt8] { [kind.rawValue] + digest }

    /// Where a file's text is kept, whoever names it; rule administration does too.
    static func key(ofFile digest: [UInt8]) -> [UInt8] { key(.file, digest) }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func bytes(_ hexadecimal: String) -> [UInt8] {
        let digits = Array(hexadecimal.utf8)
        return stride(from: 0, to: digits.count - 1, by: 2).compactMap {
            UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
        }
    }
}

extension RuleArchive.State {
    fileprivate mutating func ruleSet(_ digest: [UInt8]) -> RuleSet? {
        if let rules = pinned.last(where: { $0.digest == digest }) { return rules }
        guard let index = ruleSets.lastIndex(where: { $0.digest == digest }) else { return nil }
        let rules = ruleSets.remove(at: index)
        ruleSets.append(rules)
        return rules
    }

    fileprivate func policy(_ digest: [UInt8]) -> Policy? {
        policies.last { $0.digest == digest }
    }

    fileprivate mutating func remember(_ policy: Policy) {
        policies.removeAll { $0.digest == policy.digest }
        policies.append(policy)
        if policies.count > RuleArchive.maximumPolicies { policies.removeFirst() }
    }
}
