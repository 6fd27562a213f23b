internal import AssayMessages

/// Turns the text of an experiment file into its message, and collects every problem on the way.
struct ExperimentReader {
    typealias Specification = AssayModelsV1.ExperimentSpecification

    static let requiredKeys = [
        "experiment", "revision", "epoch", "owner", "hypothesis", "model", "alias", "unit", "layer",
        "slots", "allocation", "arms", "metrics",
    ]
    static let optionalKeys = [
        "unit_fallback", "targeting", "attributes", "overrides", "holdouts", "sticky", "ramp",
        "analysis", "stop",
    ]

    var problems: [FileProblem] = []
    var places: ExperimentFile.Places
    private var hasAllocation = false

    init(file: String) { places = ExperimentFile.Places(file: file) }

    /// Nil if there is a problem.
    mutating func read(_ text: String) -> Specification? {
        guard let root = FileText.parse(text, file: places.file, &problems) else { return nil }
        places.note("file", root)
        let keys = root.object(
            "an experiment", required: Self.requiredKeys, optional: Self.optionalKeys, &problems)
        for (path, node) in keys { places.note(path, node) }
        guard root.node.mapping != nil else { return nil }
        var specification = Specification(
            slots: .init(), analysis: .init(), stop: .init())
        readNames(keys, &specification)
        readTraffic(keys, &specification)
        if let node = keys["arms"] { specification.arms = readArms(node) }
        readOverrides(keys["overrides"], &specification)
        readHoldouts(keys["holdouts"], &specification)
        if let node = keys["attributes"] { specification.attributes = readAttributes(node) }
        if let node = keys["targeting"] { readTargeting(node, &specification) }
        if let node = keys["metrics"] { specification.metrics = readMetrics(node, specification) }
        readRamp(keys["ramp"], &specification)
        specification.analysis = readAnalysis(keys["analysis"])
        specification.stop = readStop(keys["stop"])
        return problems.isEmpty ? specification : nil
    }

    // MARK: Who and where

    private mutating func readNames(_ keys: [String: FileNode], _ found: inout Specification) {
        found.experiment = keys["experiment"]?.name("experiment", &problems) ?? ""
        found.revision = number(keys["revision"], "revision", 1...Int(Int32.max))
        found.epoch = number(keys["epoch"], "epoch", 1...Int(Int32.max))
        found.owner = keys["owner"]?.text("owner", maximum: 128, &problems) ?? ""
        found.hypothesis = keys["hypothesis"]?.text("hypothesis", maximum: 1_024, &problems) ?? ""
        found.model = keys["model"]?.name("model", &problems) ?? ""
        found.alias = keys["alias"]?.name("alias", &problems) ?? ""
        found.layer = keys["layer"]?.name("layer", &problems) ?? ""
        found.unit = keys["unit"]?.name("unit", extra: "_", &problems) ?? ""
        guard let node = keys["unit_fallback"] else { return }
        found.unitFallback = node.name("unit_fallback", extra: "_", &problems) ?? ""
        if !found.unit.isEmpty, found.unitFallback == found.unit {
            problems.append(node.problem("unit_fallback: the unit itself is no fallback"))
        }
    }

    mutating func number(
        _ node: FileNode?, _ what: String, _ range: ClosedRange<Int>
    ) -> UInt32 {
        UInt32(clamping: node?.int(what, range, &problems) ?? 0)
    }

    // MARK: Traffic

    private mutating func readTraffic(_ keys: [String: FileNode], _ found: inout Specification) {
        let whole = ExperimentLimits.basisPoints
        if let node = keys["slots"] {
            let before = problems.count
            let slots = node.object("slots", required: ["from", "to"], &problems)
            found.slots.from = number(slots["from"], "slots.from", 0...whole)
            found.slots.to = number(slots["to"], "slots.to", 0...whole)
            if problems.count == before, found.slots.from >= found.slots.to {
                problems.append(
                    node.problem(
                        "slots: from \(found.slots.from) to \(found.slots.to) holds nobody"))
            }
        }
        found.allocation = number(keys["allocation"], "allocation", 0...whole)
        hasAllocation = keys["allocation"] != nil
        found.sticky = .hash
        if let node = keys["sticky"],
            let mode = node.choice(
                "sticky", ["hash": AssayModelsV1.StickyMode.hash, "token": .token], &problems)
        {
            found.sticky = mode
        }
    }

    private mutating func readArms(_ node: FileNode) -> [AssayModelsV1.ExperimentArm] {
        let nodes = node.list("arms", maximum: ExperimentLimits.arms, &problems)
        let before = problems.count
        var arms: [AssayModelsV1.ExperimentArm] = []
        for (index, node) in nodes.enumerated() {
            let place = "arms[\(index)]"
            let keys = node.object(
                place, required: ["name", "version", "weight"], optional: ["control"], &problems)
            for (key, node) in keys { places.note("\(place).\(key)", node) }
            let arm = AssayModelsV1.ExperimentArm(
                name: keys["name"]?.name("\(place).name", &problems) ?? "",
                version: number(keys["version"], "\(place).version", 1...Int(Int32.max)),
                weight: number(
                    keys["weight"], "\(place).weight", 0...ExperimentLimits.basisPoints),
                control: keys["control"]?.bool("\(place).control", &problems) ?? false)
            if !arm.name.isEmpty, arms.contains(where: { $0.name == arm.name }) {
                problems.append(
                    (keys["name"] ?? node).problem(
                        "\(place).name: another arm is called \"\(arm.name)\""))
            }
            arms.append(arm)
        }
        // Sums of what could not be read mislead.
        guard problems.count == before, node.node.sequence != nil, nodes.count == arms.count else {
            return arms
        }
        checkArms(arms, node)
        return arms
    }

    private mutating func checkArms(_ arms: [AssayModelsV1.ExperimentArm], _ node: FileNode) {
        if arms.count < 2 {
            problems.append(node.problem("arms: an experiment has at least 2, found \(arms.count)"))
            return
        }
        let sum = arms.reduce(0) { $0 + Int($1.weight) }
        if sum != ExperimentLimits.basisPoints {
            let weights = arms.map { "\($0.weight)" }.joined(separator: " + ")
            problems.append(
                node.problem(
                    "arms: weights are basis points and add up to 10000, found \(weights) = \(sum)")
            )
        }
        let controls = arms.count(where: \.control)
        if controls != 1 {
            problems.append(
                node.problem(
                    "arms: exactly one is the control (control: true), found \(controls)"))
        }
        for (index, arm) in arms.enumerated() where arm.control && arm.weight == 0 {
            problems.append(
                places.problem("arms[\(index)].weight", "the control of a comparison has units"))
        }
    }

    // MARK: Exceptions

    private mutating func readOverrides(_ node: FileNode?, _ found: inout Specification) {
        var units: Set<String> = []
        let nodes = node?.list("overrides", maximum: 256, &problems) ?? []
        for (index, node) in nodes.enumerated() {
            let place = "overrides[\(index)]"
            let keys = node.object(place, required: ["unit", "arm"], &problems)
            guard let unit = keys["unit"]?.text("\(place).unit", maximum: 128, &problems),
                let armNode = keys["arm"],
                let arm = armNode.text("\(place).arm", maximum: 63, &problems)
            else { continue }
            if !units.insert(unit).inserted {
                problems.append(node.problem("\(place): the unit \"\(unit)\" stands there twice"))
            }
            if !found.arms.isEmpty, !found.arms.contains(where: { $0.name == arm }) {
                let names = found.arms.map(\.name)
                problems.append(
                    armNode.problem(
                        "\(place).arm: no arm \"\(arm)\"\(NearNames.hint(arm, among: names))"))
            }
            found.overrides.append(.init(unit: unit, arm: arm))
        }
    }

    private mutating func readHoldouts(_ node: FileNode?, _ found: inout Specification) {
        let nodes =
            node?.list("holdouts", maximum: ExperimentLimits.holdouts, &problems) ?? []
        for (index, node) in nodes.enumerated() {
            guard let name = node.name("holdouts[\(index)]", &problems) else { continue }
            if found.holdouts.contains(name) {
                problems.append(node.problem("holdouts[\(index)]: \"\(name)\" stands there twice"))
            }
            found.holdouts.append(name)
        }
    }

    // MARK: Ramp

    private mutating func readRamp(_ node: FileNode?, _ found: inout Specification) {
        guard let node else { return }
        for (index, node) in node.list("ramp", maximum: 32, &problems).enumerated() {
            let place = "ramp[\(index)]"
            let keys = node.object(
                place, required: ["allocation", "hold"], optional: ["minimum_units"], &problems)
            var step = AssayModelsV1.RampStep()
            step.allocation = number(
                keys["allocation"], "\(place).allocation", 1...ExperimentLimits.basisPoints)
            step.holdSeconds = UInt32(
                clamping: keys["hold"]?.seconds("\(place).hold", &problems) ?? 0)
            step.minimumUnits = UInt64(
                keys["minimum_units"]?.int(
                    "\(place).minimum_units", 0...1_000_000_000, &problems) ?? 0)
            if let last = found.ramp.last, step.allocation != 0, step.allocation <= last.allocation
            {
                problems.append(
                    node.problem(
                        "\(place).allocation: a ramp rises, \(step.allocation) is not over "
                            + "\(last.allocation)"))
            }
            found.ramp.append(step)
        }
        if hasAllocation, !found.ramp.isEmpty,
            !found.ramp.contains(where: { $0.allocation == found.allocation })
        {
            let steps = found.ramp.map { "\($0.allocation)" }.joined(separator: ", ")
            problems.append(
                places.problem(
                    "allocation", "\(found.allocation) is no step of the ramp, which has \(steps)"))
        }
    }
}
