/// What a configuration allows and its author may not have meant. It loads all the same.
public struct ConfigurationWarning: Sendable, Hashable, CustomStringConvertible {
    public var file: String
    /// From 1.
    public var line: Int
    public var column: Int
    public var message: String

    public var description: String { "\(file):\(line):\(column): warning: \(message)" }
}

extension GatewayConfiguration {
    /// What services keep once for all tenants, and the scopes that change it.
    private static let common: [(what: String, scopes: [String])] = [
        ("the rules", ["risk.rules.apply", "risk.rules.approve"]),
        ("the definitions of features", ["features.define.apply"]),
        (
            "the models behind aliases",
            ["models.move", "models.rollback", "models.approve", "models.policy"]
        ),
        ("the experiments", ["experiments.apply", "experiments.stop"]),
    ]

    /// Where more than one tenant may change what is everybody's.
    ///
    /// `risk.rules.apply` is enough for `break_glass`, which one person does alone.
    public var warnings: [ConfigurationWarning] {
        Self.common.compactMap { what, scopes in
            var granted: [(name: String, scopes: [String], place: SourcePlace)] = []
            for (name, tenant) in tenants.sorted(by: { $0.key < $1.key }) where tenant.isActive {
                let held = scopes.filter(tenant.scopes.contains)
                if !held.isEmpty { granted.append((name, held, tenant.place)) }
            }
            guard granted.count > 1, let last = granted.max(by: { $0.place.line < $1.place.line })
            else { return nil }
            let names = granted.map { "\($0.name) (\($0.scopes.joined(separator: ", ")))" }
            return ConfigurationWarning(
                file: file, line: last.place.line, column: last.place.column,
                message: "\(what) are the same for all tenants, and \(granted.count) tenants may "
                    + "change them for everybody: \(names.joined(separator: "; ")). Leave these "
                    + "scopes to the one that answers for all")
        }
    }
}
