internal import Dispatch
internal import RuleLanguage

/// A folder of rules that was read, checked, compiled, and whose tests all pass.
public struct CompiledRules: Sendable {
    public let folder: RuleFolder
    public let rules: RuleSet
    public let policies: PolicySet
    public let contents: RuleSetLoader.Contents

    /// Decides where neither a request nor its tenant names another.
    public var policy: Policy { policies.standard }

    /// Static cost of the live rules, in nodes.
    public var cost: Int { rules.program.cost }
}

/// Makes rules of files, on a thread of its own: event loops go on meanwhile.
public struct RuleCompiler: Sendable {
    public static let defaultPolicy = "policy/default.yaml"

    let profile: String?
    /// Text of a policy that replaces the default one of every folder.
    private let policy: RuleSources.File?
    private static let queue = DispatchQueue(label: "assay.risk.rules", qos: .utility)

    /// - Parameters:
    ///   - profile: replaces the parameter profile that files name.
    ///   - policy: decides instead of `policy/default.yaml`.
    public init(profile: String? = nil, policy: RuleSources.File? = nil) {
        self.profile = profile
        self.policy = policy
    }

    public func compile(_ folder: RuleFolder) async -> Result<CompiledRules, ConfigurationFailure> {
        await withCheckedContinuation { continuation in
            Self.queue.async { continuation.resume(returning: compiled(folder)) }
        }
    }

    /// The files of policies that a folder decides by, and that of the tenants.
    func policies(of folder: RuleFolder) -> [RuleSources.File] {
        folder.files(in: "policy/") + (policy.map { [$0] } ?? [])
    }

    /// The same on the calling thread.
    public func compiled(_ folder: RuleFolder) -> Result<CompiledRules, ConfigurationFailure> {
        var problems: [Problem] = []
        var rules: RuleSet?
        var contents = RuleSetLoader.Contents()
        do {
            var loader = RuleSetLoader(try folder.sources(), profile: profile)
            rules = try loader.load()
            contents = loader.contents
        } catch {
            problems += error.problems
        }
        var policies: PolicySet?
        do {
            policies = try PolicySet(
                files: self.policies(of: folder), standard: policy?.name ?? Self.defaultPolicy)
        } catch {
            problems += error.problems
        }
        guard problems.isEmpty, let rules, let policies else {
            return .failure(ConfigurationFailure(problems))
        }
        return .success(
            CompiledRules(folder: folder, rules: rules, policies: policies, contents: contents))
    }
}
