public import Foundation
internal import RuleLanguage

/// The policies that requests may name, and the one of each tenant; immutable.
public struct PolicySet: Sendable {
    static let tenantsFormat = "assay.tenants/1"
    static let tenantsFile = "tenants.yaml"

    /// What decides where neither the request nor the tenant names another.
    public let standard: Policy
    private let policies: [String: Policy]
    /// Tenant → name of its policy.
    private let tenants: [String: String]

    /// One policy for everybody, which may be named.
    public init(_ policy: Policy) {
        self.init(standard: policy, others: [], tenants: [:])
    }

    /// - Parameter tenants: name of the policy by tenant; names that are not there count as not given.
    public init(standard: Policy, others: [Policy], tenants: [String: String] = [:]) {
        self.standard = standard
        var policies = [standard.name: standard]
        for policy in others where policies[policy.name] == nil { policies[policy.name] = policy }
        self.policies = policies
        self.tenants = tenants
    }

    public var names: [String] { policies.keys.sorted() }

    /// All, by name.
    public var all: [Policy] { names.compactMap { policies[$0] } }

    /// - Parameter name: empty: the tenant's.
    public func policy(named name: String, tenant: String) -> Policy? {
        self.name(of: name, tenant: tenant).flatMap { policies[$0] }
    }

    /// The name of the policy that decides; nil if there is none of this name.
    func name(of name: String, tenant: String) -> String? {
        if !name.isEmpty { return policies[name]?.name }
        return tenants[tenant].flatMap { policies[$0]?.name } ?? standard.name
    }

    /// Up to three names that a misspelt one might mean, nearest first.
    public func names(near name: String) -> [String] {
        NearNames.nearest(to: name, among: names)
    }

    /// Reads `*.yaml` of a folder: each a policy, of which `default.yaml` must be there; and
    /// `tenants.yaml`, which names the policies of tenants, if there is one.
    public init(directory: URL) throws(ConfigurationFailure) {
        var files: [RuleSources.File] = []
        var problems: [Problem] = []
        let folder = directory.lastPathComponent
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
        for name in names.filter({ $0.hasSuffix(".yaml") && !$0.hasPrefix(".") }).sorted() {
            let path = folder + "/" + name
            do {
                let text = try ConfigurationText.read(directory.appending(path: name), as: path)
                files.append(RuleSources.File(name: path, text: text))
            } catch {
                problems.append(error)
            }
        }
        guard problems.isEmpty else { throw ConfigurationFailure(problems) }
        try self.init(files: files, standard: folder + "/default.yaml")
    }

    /// Reads the files of policies, and that of the tenants.
    ///
    /// - Parameter standard: the file whose policy decides where none is named.
    public init(files: [RuleSources.File], standard name: String) throws(ConfigurationFailure) {
        var problems: [Problem] = []
        var policies: [Policy] = []
        var chosen: Policy?
        var tenants: (file: String, names: [String: String]) = ("", [:])
        for file in files {
            if file.name.hasSuffix("/" + Self.tenantsFile) {
                tenants = (file.name, Self.readTenants(file.text, file.name, &problems))
                continue
            }
            do throws(ConfigurationFailure) {
                let policy = try Policy(yaml: file.text, file: file.name)
                // The one that decides may stand for another of the same name.
                if file.name == name {
                    chosen = policy
                } else if policies.contains(where: { $0.name == policy.name }) {
                    problems.append(
                        Problem(
                            file: file.name, line: 1, column: 1,
                            message: "the name '\(policy.name)' is taken by another policy"))
                }
                policies.append(policy)
            } catch {
                problems += error.problems
            }
        }
        if chosen == nil, !files.contains(where: { $0.name == name }) {
            problems.append(
                Problem(
                    file: name, line: 1, column: 1,
                    message: "is missing; it says how hits become a decision"))
        }
        let known = Set(policies.map(\.name)).sorted()
        for (tenant, policy) in tenants.names.sorted(by: { $0.key < $1.key })
        where !known.contains(policy) {
            problems.append(
                Problem(
                    file: tenants.file, line: 1, column: 1,
                    message: "the tenant '\(tenant)' has the policy '\(policy)', which is not there"
                        + NearNames.hint(policy, among: known)))
        }
        guard problems.isEmpty, let chosen else { throw ConfigurationFailure(problems) }
        self.init(standard: chosen, others: policies, tenants: tenants.names)
    }

    private static func readTenants(
        _ text: String, _ file: String, _ problems: inout [Problem]
    ) -> [String: String] {
        guard let root = YAMLFile.parse(text, file: file, &problems) else { return [:] }
        let keys = root.object(required: ["format", "tenants"], optional: ["note"], &problems)
        if let format = keys["format"], format.text(&problems) != tenantsFormat {
            problems.append(format.problem("expected the format \(tenantsFormat)"))
        }
        var tenants: [String: String] = [:]
        for (tenant, _, node) in keys["tenants"]?.entries(&problems) ?? [] {
            if let name = node.text(&problems) { tenants[tenant] = name }
        }
        return tenants
    }
}
