internal import AssayMessages
internal import Wire
internal import Yams

/// Reads files of what aliases ask for; collects what is wrong with them.
struct PolicyReader {
    static let maximumAliases = 64
    static let maximumHeldVersions = 1_024

    let file: String
    private(set) var problems: [FileProblem] = []

    init(file: String) { self.file = file }

    mutating func read(_ text: String) -> AssayModelsV1.ModelPolicy {
        var policy = AssayModelsV1.ModelPolicy(changedAt: Timestamp(nanosecondsSinceEpoch: 0))
        guard let root = FileText.parse(text, file: file, &problems) else { return policy }
        let keys = root.object(
            "a policy", required: ["model", "aliases"],
            optional: ["owner", "legal_hold", "held_versions"], &problems)
        policy.model = model(keys["model"])
        policy.owner = keys["owner"]?.text("owner", maximum: 128, &problems) ?? ""
        policy.legalHold = keys["legal_hold"]?.bool("legal_hold", &problems) ?? false
        policy.heldVersions = heldVersions(keys["held_versions"], policy.model)
        policy.aliases = aliases(keys["aliases"])
        return policy
    }

    /// A name, or "*" for every model without a file of its own.
    private mutating func model(_ node: FileNode?) -> String {
        if node?.node.scalar?.string == AliasPolicies.everyModel { return AliasPolicies.everyModel }
        return node?.name("model", &problems) ?? ""
    }

    private mutating func heldVersions(_ node: FileNode?, _ model: String) -> [UInt32] {
        guard let node else { return [] }
        if model == AliasPolicies.everyModel {
            problems.append(
                node.problem("held_versions: versions are held in the file of their own model"))
        }
        let list = node.list("held_versions", maximum: Self.maximumHeldVersions, &problems)
        let numbers = list.compactMap { entry in
            entry.int("held_versions", 1...Int(Int32.max), &problems).map { UInt32($0) }
        }
        return Set(numbers).sorted()
    }

    private mutating func aliases(_ node: FileNode?) -> [AssayModelsV1.AliasPolicy] {
        guard let node else { return [] }
        guard let mapping = node.node.mapping else {
            problems.append(node.problem("aliases: expected a map, found \(node.kind)"))
            return []
        }
        guard mapping.count <= Self.maximumAliases else {
            problems.append(
                node.problem("\(mapping.count) aliases; there may be \(Self.maximumAliases)"))
            return []
        }
        return mapping.compactMap { key, value in
            let place = FileNode(node: key, file: file)
            guard let name = place.name("aliases", &problems) else { return nil }
            return alias(name, FileNode(node: value, file: file))
        }
        .sorted { $0.alias < $1.alias }
    }

    /// What is left out is as it is of an alias without a policy.
    private mutating func alias(_ name: String, _ node: FileNode) -> AssayModelsV1.AliasPolicy {
        var policy = AliasPolicies.standard(name)
        let keys = node.object(
            name, required: [],
            optional: [
                "approvals", "golden_rows", "gates", "floors", "latency_microseconds",
                "auto_promote",
            ], &problems)
        if let count = keys["approvals"]?.int("approvals", 0...16, &problems) {
            policy.approvals = UInt32(count)
        }
        if let count = keys["golden_rows"]?.int("golden_rows", 0...1_024, &problems) {
            policy.goldenRows = UInt32(count)
        }
        if let list = keys["gates"] { policy.gates = gates(list) }
        if let map = keys["floors"] { policy.floors = floors(map) }
        if let budget = keys["latency_microseconds"]?.int(
            "latency_microseconds", 1...60_000_000, &problems)
        {
            policy.latencyMicroseconds = UInt32(budget)
        }
        policy.autoPromote = keys["auto_promote"]?.bool("auto_promote", &problems) ?? false
        if !policy.floors.isEmpty, !policy.gates.contains(.metrics), let map = keys["floors"] {
            problems.append(
                map.problem("floors: the gate metrics, which asks for them, is left out"))
        }
        return policy
    }

    private mutating func gates(_ node: FileNode) -> [AssayModelsV1.Gate] {
        let entries = node.list("gates", maximum: GateKeeper.optional.count, &problems)
        let found = entries.compactMap { entry -> AssayModelsV1.Gate? in
            entry.choice(
                "gates",
                [
                    "compatible": .compatible, "card": .card, "metrics": .metrics,
                    "fairness": .fairness, "stability": .stability,
                ], &problems)
        }
        return GateKeeper.optional.filter(found.contains)
    }

    private mutating func floors(_ node: FileNode) -> [AssayModelsV1.Floor] {
        guard let mapping = node.node.mapping, mapping.count <= 16 else {
            problems.append(
                node.problem("floors: expected a map of at most 16 figures, found \(node.kind)"))
            return []
        }
        var floors: [AssayModelsV1.Floor] = []
        for (key, value) in mapping {
            let place = FileNode(node: key, file: file)
            guard let name = place.name("floors", extra: "_", &problems) else { continue }
            let entry = FileNode(node: value, file: file)
            guard let floor = entry.double("floors.\(name)", &problems) else { continue }
            if name == "auc", !(MetricsGate.lowestAUC...1 ~= floor) {
                problems.append(
                    entry.problem(
                        "floors.auc: expected \(MetricsGate.lowestAUC) to 1, found \(floor)"))
            }
            floors.append(.init(figure: name, lowest: floor))
        }
        return floors.sorted { $0.figure < $1.figure }
    }
}
