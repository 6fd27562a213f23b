internal import AssayMessages
internal import Wire

/// Decides what applying a file means: pure, from the file and what is in force.
struct ExperimentPlanner {
    /// A model as far as its experiments have to know.
    struct ModelFacts: Sendable {
        struct Version: Sendable {
            /// Why it may not be served; nil if it may.
            var refusal: String?
            /// The vector its callers send; 0 if it takes its inputs in its own order.
            var vector: UInt64 = 0
            var vectorName = ""
            /// What callers of the alias send and it does not take.
            var differences: [String] = []
        }

        var aliases: [String: UInt32] = [:]
        var versionCount: UInt32 = 0
        /// Those that an arm or the alias names.
        var versions: [UInt32: Version] = [:]
    }

    /// What is in force.
    struct Standing: Sendable {
        /// The experiment of this name.
        var present: AssayModelsV1.Experiment?
        /// All others that have not ended.
        var neighbours: [AssayModelsV1.ExperimentSpecification] = []
        /// Share of each, in basis points.
        var holdouts: [String: UInt32] = [:]
        /// Names of others, for the person who misspelt one.
        var otherHoldouts: [String] = []
        /// The file's own model; nil if there is none of the name.
        var model: ModelFacts?
        /// Names of all models, for the person who misspelt one.
        var modelNames: [String] = []
    }

    let file: ExperimentFile
    let standing: Standing

    private var own: AssayModelsV1.ExperimentSpecification { file.specification }

    /// - Returns: what there is to say, and what is in force afterwards, unless nothing changes or
    ///   something is wrong.
    func plan(
        at time: Timestamp, by actor: String, reason: String
    ) -> (plan: AssayModelsV1.ExperimentPlan, after: AssayModelsV1.Experiment?) {
        let present = standing.present
        var plan = AssayModelsV1.ExperimentPlan(experiment: own.experiment)
        if let present, present.file == file.digest {
            plan.unchanged = true
            plan.result = present
            if present.state == .stopped {
                plan.notes.append("it has ended: epoch \(own.epoch + 1) would begin a new one")
            }
            return (plan, nil)
        }
        let revision = ExperimentRevision(before: present?.specification, after: own)
        let problems = self.problems(revision, isStopped: present?.state == .stopped)
        plan.changes = revision.changes
        plan.notes = notes(revision)
        plan.problems = Set(problems).sorted().prefix(1_024).map {
            AssayModelsV1.ExperimentProblem(
                line: UInt32($0.line), column: UInt32($0.column), message: $0.message)
        }
        guard problems.isEmpty else { return (plan, nil) }
        let after = after(revision, at: time, by: actor, reason: reason)
        plan.result = after
        return (plan, after)
    }

    // MARK: What is wrong

    private func problems(_ revision: ExperimentRevision, isStopped: Bool) -> [FileProblem] {
        var problems = revision.problems(in: file, isStopped: isStopped)
        problems += ExperimentRules.problems(
            of: file, beside: standing.neighbours.map { ExperimentRules.Neighbour($0) })
        problems += ExperimentRules.problems(
            of: file, holdouts: standing.holdouts.keys, near: standing.otherHoldouts)
        if let before = revision.before, before.model != own.model {
            problems.append(
                file.places.problem(
                    "model", "the experiment is on \(before.model); another model is another one"))
        }
        return problems + versionProblems
    }

    /// The model, the alias and every arm's version exist, may be served, and take what callers of
    /// the alias send.
    private var versionProblems: [FileProblem] {
        guard let model = standing.model else {
            let hint = NearNames.hint(own.model, among: standing.modelNames)
            return [file.places.problem("model", "no model \"\(own.model)\"\(hint)")]
        }
        guard let served = model.aliases[own.alias] else {
            let hint = NearNames.hint(own.alias, among: model.aliases.keys)
            return [
                file.places.problem(
                    "alias", "\(own.model) has no alias \"\(own.alias)\"\(hint)")
            ]
        }
        let pinned = model.versions[served]
        var problems: [FileProblem] = []
        for (index, arm) in own.arms.enumerated() {
            func refuse(_ message: String) {
                problems.append(file.places.problem("arms[\(index)].version", message))
            }
            guard let version = model.versions[arm.version] else {
                refuse(
                    "\(own.model) has versions 1 to \(model.versionCount), not \(arm.version)")
                continue
            }
            if let refusal = version.refusal {
                refuse("version \(arm.version) may not be served: \(refusal)")
            } else if let pinned, pinned.vector != 0, version.vector != 0,
                pinned.vector != version.vector
            {
                refuse(
                    "version \(arm.version) takes \(version.vectorName), callers of "
                        + "\(own.model)@\(own.alias) send \(pinned.vectorName)")
            } else if !version.differences.isEmpty {
                let differences = version.differences.prefix(4).joined(separator: ", ")
                refuse(
                    "callers of \(own.model)@\(own.alias) send \(differences): version "
                        + "\(arm.version) does not take that")
            }
        }
        return problems
    }

    // MARK: What should be known

    private func notes(_ revision: ExperimentRevision) -> [String] {
        var notes: [String] = []
        if revision.before == nil {
            notes.append("new: units are drawn from the moment it is applied")
        } else if revision.isNewEpoch {
            notes.append("epoch \(own.epoch): everyone is drawn anew, and analysis begins anew")
        } else if revision.movesAllocation, let present = standing.present,
            present.allocation != own.allocation
        {
            notes.append("the allocation goes from \(present.allocation) to \(own.allocation)")
        }
        if let present = standing.present, present.state == .halted || present.state == .controlled,
            !revision.isNewEpoch
        {
            notes.append("it stays \(present.state)")
        }
        if let served = standing.model?.aliases[own.alias],
            let control = own.arms.first(where: \.control), control.version != served
        {
            notes.append(
                "control is version \(control.version), but \(own.model)@\(own.alias) serves "
                    + "version \(served): units outside the experiment meet a third treatment")
        }
        if own.ramp.isEmpty, own.allocation == 0 { notes.append("allocation 0: nobody takes part") }
        return notes
    }

    // MARK: What is in force then

    private func after(
        _ revision: ExperimentRevision, at time: Timestamp, by actor: String, reason: String
    ) -> AssayModelsV1.Experiment {
        let first = AssayModelsV1.Experiment(
            specification: own, state: .running, file: file.digest, allocation: own.allocation,
            rampStep: rampStep, stepSince: time, epochSince: time, changedAt: time, actor: actor,
            reason: reason)
        guard let present = standing.present, !revision.isNewEpoch else { return first }
        var after = first
        after.state = present.state
        after.epochSince = present.epochSince
        if !revision.movesAllocation {
            after.allocation = present.allocation
            after.rampStep = present.rampStep
            after.stepSince = present.stepSince
        }
        return after
    }

    /// The step of the ramp that the file begins with; 0 without a ramp.
    private var rampStep: UInt32 {
        let position = own.ramp.firstIndex { $0.allocation == own.allocation }
        return position.map { UInt32($0 + 1) } ?? 0
    }
}
