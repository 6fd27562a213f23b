internal import AssayMessages

/// What applying a shadow's file over what is in force means. Pure: the file and the standing decide.
struct ShadowPlanner {
    /// What is in force, as far as the file has to do with it.
    struct Standing {
        /// The shadow of the same name.
        var present: AssayModelsV1.Shadow?
        /// Other shadows of the model that run.
        var neighbours: [AssayModelsV1.ShadowSpecification] = []
        /// Nil if there is no such model.
        var model: ExperimentPlanner.ModelFacts?
        /// Of all models, for suggestions.
        var modelNames: [String] = []
        /// Why the shadow's version gives no single score; nil: it does.
        var unfit: String?
    }

    let file: ShadowFile
    let standing: Standing

    private var own: AssayModelsV1.ShadowSpecification { file.specification }

    func plan() -> AssayModelsV1.ExperimentPlan {
        var plan = AssayModelsV1.ExperimentPlan(experiment: own.shadow)
        plan.unchanged = standing.present?.file == file.digest
        if plan.unchanged {
            if standing.present?.state == .stopped {
                plan.notes = ["it was stopped; a new revision starts it again"]
            }
            return plan
        }
        plan.changes = changes
        plan.notes = notes
        plan.problems = FileProblems(revisionProblems + versionProblems + budgetProblems).messages
        return plan
    }

    private func problem(_ path: String, _ message: String) -> FileProblem {
        file.places.problem(path, message)
    }

    // MARK: What is wrong

    private var revisionProblems: [FileProblem] {
        guard let before = standing.present?.specification,
            UInt64(own.revision) != UInt64(before.revision) + 1
        else { return [] }
        return [
            problem(
                "revision",
                "\(before.revision) is applied, so the next is \(UInt64(before.revision) + 1), "
                    + "not \(own.revision)")
        ]
    }

    /// The model, the alias and the version exist, and the version takes what callers of the alias
    /// send.
    private var versionProblems: [FileProblem] {
        guard let model = standing.model else {
            let hint = NearNames.hint(own.model, among: standing.modelNames)
            return [problem("model", "no model \"\(own.model)\"\(hint)")]
        }
        guard let served = model.aliases[own.alias] else {
            let hint = NearNames.hint(own.alias, among: model.aliases.keys)
            return [problem("alias", "\(own.model) has no alias \"\(own.alias)\"\(hint)")]
        }
        guard let version = model.versions[own.version] else {
            return [
                problem(
                    "version",
                    "\(own.model) has versions 1...\(model.versionCount), not \(own.version)"
                )
            ]
        }
        if let refusal = version.refusal {
            return [problem("version", "version \(own.version) may not score: \(refusal)")]
        }
        if let unfit = standing.unfit { return [problem("version", unfit)] }
        if let pinned = model.versions[served], pinned.vector != 0, version.vector != 0,
            pinned.vector != version.vector
        {
            return [
                problem(
                    "version",
                    "version \(own.version) takes \(version.vectorName), callers of "
                        + "\(own.model)@\(own.alias) send \(pinned.vectorName)")
            ]
        }
        return []
    }

    private var budgetProblems: [FileProblem] {
        var problems: [FileProblem] = []
        let taken = standing.neighbours.reduce(0) { $0 + Int($1.poolShare) }
        if taken + Int(own.poolShare) > ShadowLimits.poolShare {
            let names = standing.neighbours.map { "\($0.shadow) \($0.poolShare)" }
            problems.append(
                problem(
                    "budget.pool",
                    "\(own.poolShare) and \(names.joined(separator: ", ")) are "
                        + "\(taken + Int(own.poolShare)) basis points; shadows of a model may "
                        + "take \(ShadowLimits.poolShare)"))
        }
        if standing.neighbours.count >= ShadowLimits.runningPerModel {
            problems.append(
                problem(
                    "shadow",
                    "\(standing.neighbours.count) shadows of \(own.model) run; there may be "
                        + "\(ShadowLimits.runningPerModel)"))
        }
        return problems
    }

    // MARK: What should be known

    private var changes: [String] {
        guard let before = standing.present?.specification else { return [] }
        let parts = [
            ("owner", before.owner, own.owner), ("alias", before.alias, own.alias),
            ("version", "\(before.version)", "\(own.version)"),
            ("share", "\(before.share)", "\(own.share)"),
            ("budget.pool", "\(before.poolShare)", "\(own.poolShare)"),
            ("budget.queue", "\(before.queue)", "\(own.queue)"),
        ]
        return parts.filter { $0.1 != $0.2 }.map { "\($0.0): \($0.1) → \($0.2)" }
    }

    private var notes: [String] {
        var notes: [String] = []
        if standing.present == nil {
            notes.append(
                "new: \(own.share) basis points of the calls of \(own.model)@\(own.alias) are "
                    + "scored by version \(own.version) too, behind their replies")
        } else if standing.present?.state == .stopped {
            notes.append("it was stopped, and starts again")
        }
        if standing.model?.aliases[own.alias] == own.version {
            notes.append(
                "version \(own.version) answers \(own.model)@\(own.alias) already: it is compared "
                    + "where another version answers, such as an experiment's arm")
        }
        return notes
    }
}
