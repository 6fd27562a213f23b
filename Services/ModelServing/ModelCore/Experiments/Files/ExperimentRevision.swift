internal import AssayMessages

/// What a file changes of the experiment that was applied before.
struct ExperimentRevision {
    typealias Specification = AssayModelsV1.ExperimentSpecification

    let before: Specification?
    let after: Specification

    /// One line for each difference, in the order of the file.
    var changes: [String] {
        guard let before else { return [] }
        return parts.compactMap { part in
            let (old, new) = (part.text(before), part.text(after))
            return old == new ? nil : "\(part.path): \(old) → \(new)"
        }
    }

    var isNewEpoch: Bool { before.map { after.epoch > $0.epoch } ?? true }

    /// Whether the ramp begins anew: what it says of allocation is not what it said.
    var movesAllocation: Bool {
        guard let before, !isNewEpoch else { return true }
        return before.allocation != after.allocation || before.ramp != after.ramp
    }

    /// What may not change like this.
    ///
    /// - Parameter isStopped: whether the experiment has ended.
    func problems(in file: ExperimentFile, isStopped: Bool) -> [FileProblem] {
        guard let before else { return [] }
        var problems: [FileProblem] = []
        if UInt64(after.revision) != UInt64(before.revision) + 1 {
            problems.append(
                file.places.problem(
                    "revision",
                    "\(before.revision) is applied, so the next is \(UInt64(before.revision) + 1), "
                        + "not \(after.revision)"))
        }
        if after.epoch != before.epoch, UInt64(after.epoch) != UInt64(before.epoch) + 1 {
            problems.append(
                file.places.problem(
                    "epoch",
                    "\(before.epoch) is applied; it stays, or \(UInt64(before.epoch) + 1) "
                        + "randomises everyone anew"))
        }
        guard after.epoch == before.epoch else { return problems }
        if isStopped {
            problems.append(
                file.places.problem(
                    "epoch",
                    "the experiment has ended; \(UInt64(before.epoch) + 1) begins a new one"))
        }
        for part in parts where part.isFixed {
            let (old, new) = (part.text(before), part.text(after))
            guard old != new else { continue }
            problems.append(
                file.places.problem(
                    part.path,
                    "fixed within an epoch: \(old), not \(new); a change needs epoch "
                        + "\(UInt64(before.epoch) + 1)"))
        }
        return problems
    }

    // MARK: Parts

    private struct Part {
        var path: String
        var isFixed: Bool
        var text: (Specification) -> String

        init(_ path: String, fixed isFixed: Bool, _ text: @escaping (Specification) -> String) {
            self.path = path
            self.isFixed = isFixed
            self.text = text
        }
    }

    private var parts: [Part] {
        [
            Part("epoch", fixed: false) { "\($0.epoch)" },
            Part("owner", fixed: false) { $0.owner },
            Part("hypothesis", fixed: false) { "\"\($0.hypothesis)\"" },
            Part("model", fixed: true) { $0.model },
            Part("alias", fixed: true) { $0.alias },
            Part("unit", fixed: true) { $0.unit },
            Part("unit_fallback", fixed: true) {
                $0.unitFallback.isEmpty ? "none" : $0.unitFallback
            },
            Part("layer", fixed: true) { $0.layer },
            Part("slots", fixed: true) { "\($0.slots.from) to \($0.slots.to)" },
            Part("allocation", fixed: false) { "\($0.allocation)" },
            Part("arms", fixed: true, Self.arms),
            Part("targeting", fixed: true) { $0.targeting.isEmpty ? "everyone" : $0.targeting },
            Part("attributes", fixed: true) {
                Self.list($0.attributes.map { "\($0.name): \($0.kind)" })
            },
            Part("overrides", fixed: false) { "\($0.overrides.count) units" },
            Part("holdouts", fixed: true) { Self.list($0.holdouts) },
            Part("sticky", fixed: true) { "\($0.sticky)" },
            Part("metrics", fixed: true) {
                Self.list($0.metrics.filter { $0.role != .guardrail }.map(Self.metric))
            },
            Part("guardrails", fixed: false) {
                Self.list($0.metrics.filter { $0.role == .guardrail }.map(Self.metric))
            },
            Part("ramp", fixed: false, Self.ramp),
            Part("analysis", fixed: true) { Self.analysis($0.analysis) },
            Part("analysis.look_every", fixed: false) { "\($0.analysis.lookEverySeconds) s" },
            Part("stop", fixed: false) {
                "srm \($0.stop.onSrm), guardrail \($0.stop.onGuardrail), success "
                    + "\($0.stop.onSuccess)"
            },
        ]
    }

    private static func list(_ entries: [String]) -> String {
        entries.isEmpty ? "none" : entries.joined(separator: ", ")
    }

    private static func arms(_ found: Specification) -> String {
        list(
            found.arms.map {
                "\($0.name) = version \($0.version), weight \($0.weight)"
                    + ($0.control ? ", control" : "")
            })
    }

    private static func ramp(_ found: Specification) -> String {
        list(
            found.ramp.map {
                "\($0.allocation) for \($0.holdSeconds) s and \($0.minimumUnits) units"
            })
    }

    private static func metric(_ metric: AssayModelsV1.MetricSpecification) -> String {
        let sources = [
            metric.event, metric.value, metric.numerator, metric.denominator, metric.group,
            metric.covariate,
        ].filter { !$0.isEmpty }
        let limits =
            (metric.worst.map { ", worst \($0)" } ?? "")
            + (metric.worstRelative.map { ", worst_relative \($0)" } ?? "")
            + (metric.kind == .quantile ? ", quantile \(metric.quantile)" : "")
            + (metric.maturitySeconds == 0 ? "" : ", maturity \(metric.maturitySeconds) s")
        return "\(metric.name) (\(metric.role) \(metric.kind) of "
            + "\(sources.isEmpty ? "\(metric.source)" : sources.joined(separator: " and ")), "
            + "\(metric.better) is better\(limits))"
    }

    private static func analysis(_ found: AssayModelsV1.AnalysisSpecification) -> String {
        "\(found.method), alpha \(found.alpha), srm_alpha \(found.srmAlpha), "
            + "\(found.tuningUnits) tuning units, at least \(found.minimumUnitsPerArm) per arm"
            + (found.method == .mixture ? ", variance \(found.variance)" : "")
    }
}
