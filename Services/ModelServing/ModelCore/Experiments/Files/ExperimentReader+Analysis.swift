internal import AssayMessages

extension ExperimentReader {
    mutating func readAnalysis(_ node: FileNode?) -> AssayModelsV1.AnalysisSpecification {
        var found = AssayModelsV1.AnalysisSpecification(
            alpha: 0.05, method: .asymptoticSequence, tuningUnits: 5_000, srmAlpha: 0.001,
            minimumUnitsPerArm: 1_000, lookEverySeconds: 3_600)
        guard let node else { return found }
        let keys = node.object(
            "analysis", required: [],
            optional: [
                "alpha", "method", "tuning_units", "srm_alpha", "minimum_units_per_arm",
                "look_every", "variance",
            ], &problems)
        if let level = level(keys["alpha"], "analysis.alpha") { found.alpha = level }
        if let level = level(keys["srm_alpha"], "analysis.srm_alpha") { found.srmAlpha = level }
        if let method = keys["method"]?.choice(
            "analysis.method",
            [
                "asymptotic_sequence": AssayModelsV1.AnalysisMethod.asymptoticSequence,
                "mixture": .mixture, "fixed": .fixed,
            ], &problems)
        {
            found.method = method
        }
        if let units = keys["tuning_units"]?.int(
            "analysis.tuning_units", 1...1_000_000_000, &problems)
        {
            found.tuningUnits = UInt64(units)
        }
        if let units = keys["minimum_units_per_arm"]?.int(
            "analysis.minimum_units_per_arm", 2...1_000_000_000, &problems)
        {
            found.minimumUnitsPerArm = UInt64(units)
        }
        if let every = keys["look_every"],
            let seconds = every.seconds("analysis.look_every", &problems)
        {
            found.lookEverySeconds = UInt32(seconds)
            if seconds < 1 {
                problems.append(every.problem("analysis.look_every: at least 1s"))
            }
        }
        readVariance(node, keys["variance"], &found)
        return found
    }

    private mutating func readVariance(
        _ analysis: FileNode, _ node: FileNode?,
        _ found: inout AssayModelsV1.AnalysisSpecification
    ) {
        if let node, let variance = node.double("analysis.variance", &problems) {
            found.variance = variance
            if found.method != .mixture {
                problems.append(node.problem("analysis.variance: only the method mixture has one"))
            } else if variance <= 0 {
                problems.append(node.problem("analysis.variance: expected above 0"))
            }
        } else if found.method == .mixture, node == nil {
            problems.append(
                analysis.problem(
                    "analysis: the method mixture states \"variance\", that of the effects it "
                        + "expects"))
        }
    }

    private mutating func level(_ node: FileNode?, _ what: String) -> Double? {
        guard let node, let value = node.double(what, &problems) else { return nil }
        guard value > 0 && value < 0.5 else {
            problems.append(node.problem("\(what): expected above 0 and below 0.5, found \(value)"))
            return nil
        }
        return value
    }

    mutating func readStop(_ node: FileNode?) -> AssayModelsV1.StopSpecification {
        var found = AssayModelsV1.StopSpecification(
            onSrm: .halt, onGuardrail: .control, onSuccess: .propose)
        guard let node else { return found }
        let keys = node.object(
            "stop", required: [], optional: ["on_srm", "on_guardrail", "on_success"], &problems)
        let harm: KeyValuePairs<String, AssayModelsV1.StopAction> = [
            "none": .none, "halt": .halt, "control": .control,
        ]
        if let action = keys["on_srm"]?.choice("stop.on_srm", harm, &problems) {
            found.onSrm = action
        }
        if let action = keys["on_guardrail"]?.choice("stop.on_guardrail", harm, &problems) {
            found.onGuardrail = action
        }
        if let action = keys["on_success"]?.choice(
            "stop.on_success", ["none": AssayModelsV1.StopAction.none, "propose": .propose],
            &problems)
        {
            found.onSuccess = action
        }
        return found
    }
}
