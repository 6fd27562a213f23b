public import AssayMessages
internal import Crypto
internal import RPC
internal import Wire

extension ModelRegistry {
    /// Brings an experiment's file into force, or, as a dry run, says what that would mean.
    ///
    /// - Throws: INVALID_ARGUMENT with every problem and its line, if there is one and it is no dry
    ///   run.
    public func applyExperiment(
        _ request: AssayModelsV1.ApplyExperimentRequest, by caller: String
    ) async throws -> AssayModelsV1.ExperimentPlan {
        let routing: RoutingFile
        do throws(FileProblems) {
            routing = try RoutingFile(yaml: request.file, name: "file")
        } catch {
            let plan = AssayModelsV1.ExperimentPlan(problems: error.messages)
            if request.dryRun { return plan }
            throw Self.refusal(plan)
        }
        switch routing {
        case .holdout(let file): return try await applyHoldout(file, request, by: caller)
        case .shadow(let file): return try await applyShadow(file, request, by: caller)
        case .experiment(let file): return try await applyExperiment(file, request, by: caller)
        }
    }

    private func applyExperiment(
        _ file: ExperimentFile, _ request: AssayModelsV1.ApplyExperimentRequest,
        by caller: String
    ) async throws -> AssayModelsV1.ExperimentPlan {
        let model = file.specification.model
        if request.dryRun {
            return try await Self.translated {
                var transaction = try await RegistryTransaction(store, model, now: now())
                return try await plan(file, &transaction, by: caller, reason: request.reason).plan
            }
        }
        var committed: AssayModelsV1.ExperimentRecord?
        return try await change(model, request.requestID, request.encoded()) { transaction in
            committed = nil
            let (plan, record) = try await self.plan(
                file, &transaction, by: caller, reason: request.reason)
            guard plan.problems.isEmpty else { throw Self.refusal(plan) }
            guard let record else { return plan }
            try await put(record, text: request.file, &transaction)
            committed = record
            return plan
        } published: { transaction, _ in
            if let committed { publish(committed, transaction) }
        }
    }

    /// Halts, resumes or ends an experiment, or sends everyone to control.
    public func stopExperiment(
        _ request: AssayModelsV1.StopExperimentRequest, by caller: String
    ) async throws -> AssayModelsV1.Experiment {
        guard !request.reason.isEmpty else { throw RPCError.invalid("reason", "why?") }
        let known = try snapshot.experiment(request.experiment)
        return try await changeExperiment(
            known.experiment.specification, request.requestID, request.encoded()
        ) { experiment, time in
            try ExperimentTransition.move(
                experiment, to: request.state, at: time, by: caller, reason: request.reason)
        }
    }

    /// Takes the next step of a ramp, if it is due.
    ///
    /// - Returns: the experiment after the step; nil while it is not due.
    func rampExperiment(
        _ name: String, units: UInt64
    ) async throws -> AssayModelsV1.Experiment? {
        let known = try snapshot.experiment(name).experiment
        guard ExperimentRamp.next(known, units: units, at: now()) != nil else { return nil }
        let id = "ramp-\(name)-\(known.specification.epoch)-\(known.stepSince.seconds)"
        return try await changeExperiment(
            known.specification, String(id.suffix(64)), known.encoded()
        ) { experiment, time in
            guard let next = ExperimentRamp.next(experiment, units: units, at: time) else {
                throw RPCError(.aborted, "the step was taken by another process")
            }
            return next
        }
    }

    /// What became of a ramp that was due.
    public enum RampStep: Sendable {
        case taken(experiment: String, allocation: UInt32)
        case failed(experiment: String, reason: String)
    }

    /// Takes the next step of every ramp that is due.
    public func rampExperiments(_ exposures: ExposureIndex) async -> [RampStep] {
        var steps: [RampStep] = []
        for record in snapshot.experiments where record.experiment.state == .running {
            let own = record.experiment.specification
            let units = exposures.units(own.experiment, epoch: own.epoch).total
            do {
                if let next = try await rampExperiment(own.experiment, units: units) {
                    steps.append(
                        .taken(experiment: own.experiment, allocation: next.allocation))
                }
            } catch {
                steps.append(.failed(experiment: own.experiment, reason: "\(error)"))
            }
        }
        return steps
    }

    private func changeExperiment(
        _ specification: AssayModelsV1.ExperimentSpecification, _ requestID: String,
        _ request: [UInt8],
        _ body: (AssayModelsV1.Experiment, Timestamp) throws -> AssayModelsV1.Experiment
    ) async throws -> AssayModelsV1.Experiment {
        var committed: AssayModelsV1.ExperimentRecord?
        return try await change(specification.model, requestID, request) { transaction in
            committed = nil
            guard var record = try await transaction.experiment(specification.experiment) else {
                throw RPCError(.dataLoss, "the row of the experiment is missing")
            }
            record.experiment = try body(record.experiment, transaction.time)
            try await put(record, text: nil, &transaction)
            committed = record
            return record.experiment
        } published: { transaction, _ in
            if let committed { publish(committed, transaction) }
        }
    }

    // MARK: Planning

    /// What the file means now, and the record to write, unless nothing changes or something is
    /// wrong.
    private func plan(
        _ file: ExperimentFile, _ transaction: inout RegistryTransaction, by actor: String,
        reason: String
    ) async throws -> (plan: AssayModelsV1.ExperimentPlan, record: AssayModelsV1.ExperimentRecord?)
    {
        let present = try await transaction.experiment(file.specification.experiment)
        var standing = try await standing(file.specification, &transaction)
        standing.present = present?.experiment
        let (plan, after) = ExperimentPlanner(file: file, standing: standing)
            .plan(at: transaction.time, by: actor, reason: reason)
        guard let after else { return (plan, nil) }
        let secret =
            present?.secret ?? SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
        return (plan, AssayModelsV1.ExperimentRecord(experiment: after, secret: secret))
    }

    private func standing(
        _ own: AssayModelsV1.ExperimentSpecification, _ transaction: inout RegistryTransaction
    ) async throws -> ExperimentPlanner.Standing {
        var standing = ExperimentPlanner.Standing()
        standing.modelNames = Array(snapshot.models.keys)
        for record in try await transaction.experiments() {
            let experiment = record.experiment
            if experiment.specification.experiment != own.experiment, experiment.state != .stopped {
                standing.neighbours.append(experiment.specification)
            }
        }
        standing.neighbours += try await othersInLayer(own, &transaction)
        for name in own.holdouts {
            let holdout: AssayModelsV1.HoldoutRecord? = try await transaction.shared(.holdout, name)
            if let holdout { standing.holdouts[name] = holdout.specification.share }
        }
        for name in snapshot.holdouts.keys where standing.holdouts[name] == nil {
            standing.otherHoldouts.append(name)
        }
        standing.model = try await facts(own, &transaction)
        return standing
    }

    /// Experiments of other models in the layer, and one that has the same name.
    private func othersInLayer(
        _ own: AssayModelsV1.ExperimentSpecification, _ transaction: inout RegistryTransaction
    ) async throws -> [AssayModelsV1.ExperimentSpecification] {
        func specification(_ member: AssayModelsV1.LayerMember, layer: String)
            -> AssayModelsV1.ExperimentSpecification
        {
            .init(
                experiment: member.experiment, model: member.model, layer: layer,
                slots: .init(from: member.from, to: member.to), analysis: .init(), stop: .init())
        }
        var others = try await transaction.layer(own.layer).members
            .filter { $0.model != own.model }
            .map { specification($0, layer: own.layer) }
        let named: AssayModelsV1.LayerMember? = try await transaction.shared(
            .experimentName, own.experiment)
        if let named, named.model != own.model,
            !others.contains(where: { $0.experiment == own.experiment })
        {
            others.append(specification(named, layer: ""))
        }
        return others
    }

    /// The model, with the versions that the arms and the alias name, loaded as an alias move would.
    private func facts(
        _ own: AssayModelsV1.ExperimentSpecification, _ transaction: inout RegistryTransaction
    ) async throws -> ExperimentPlanner.ModelFacts? {
        guard transaction.head.nextVersion > 1 else { return nil }
        var facts = ExperimentPlanner.ModelFacts()
        facts.versionCount = transaction.head.nextVersion - 1
        for alias in try await transaction.messages(.alias, as: AssayModelsV1.Alias.self) {
            facts.aliases[alias.alias] = alias.version
        }
        let policy = try await transaction.policy(own.alias, standard: standardPolicy)
        var served: AssayModelsV1.VersionRecord?
        if let number = facts.aliases[own.alias] { served = try await transaction.record(number) }
        let numbers = Set(own.arms.map(\.version) + [facts.aliases[own.alias]].compactMap { $0 })
        for number in numbers.sorted() {
            let record = try await transaction.message(
                .version, BigEndian.bytes(number), as: AssayModelsV1.VersionRecord.self)
            guard let record else { continue }
            let state = try await transaction.state(of: record.version)
            facts.versions[number] =
                state.mayServe
                ? try await version(record, of: transaction.chain, policy: policy)
                : .init(refusal: state.refusal)
            guard policy.gates.contains(.compatible), let served else { continue }
            facts.versions[number]?.differences = CompatibleGate.problems(
                next: record.manifest, present: served.manifest)
        }
        return facts
    }

    /// A version as this process serves it, or loaded to see whether it could.
    private func version(
        _ record: AssayModelsV1.VersionRecord, of model: String, policy: AssayModelsV1.AliasPolicy
    ) async throws -> ExperimentPlanner.ModelFacts.Version {
        if let known = snapshot.models[model]?.versions[record.version.number] {
            return Self.facts(known, policy: policy)
        }
        switch try await load(record) {
        case .success(let serving): return Self.facts(serving, policy: policy)
        case .failure(let error): return .init(refusal: error.reason)
        }
    }

    private static func facts(
        _ serving: ServingVersion, policy: AssayModelsV1.AliasPolicy
    ) -> ExperimentPlanner.ModelFacts.Version {
        var version = ExperimentPlanner.ModelFacts.Version(
            vector: serving.vectorFingerprint, vectorName: serving.vectorName)
        if serving.goldenRowCount < policy.goldenRows {
            version.refusal =
                "it has \(serving.goldenRowCount) golden rows; the alias "
                + "\"\(policy.alias)\" asks for \(policy.goldenRows)"
        }
        return version
    }

    // MARK: Writing

    private func put(
        _ record: AssayModelsV1.ExperimentRecord, text: String?,
        _ transaction: inout RegistryTransaction
    ) async throws {
        let experiment = record.experiment
        let own = experiment.specification
        let before = try await transaction.experiment(own.experiment)?.experiment.specification
        try transaction.put(
            RegistryKey(.experiment, own.model, own.experiment), record,
            AssayModelsV1.Event(
                model: own.model, sequence: 0, time: transaction.time, kind: .experimentChanged,
                actor: experiment.actor, alias: own.alias, reason: experiment.reason,
                experiment: AssayModelsV1.ExperimentChange(
                    experiment: own.experiment, revision: own.revision, epoch: own.epoch,
                    state: experiment.state, allocation: experiment.allocation)))
        if let text {
            transaction.put(
                RegistryKey(.experimentFile, own.model, experiment.file), Array(text.utf8))
        }
        if let before, before.layer != own.layer {
            var layer = try await transaction.layer(before.layer)
            layer.members.removeAll { $0.experiment == own.experiment }
            transaction.putShared(.layer, before.layer, layer)
        }
        var layer = try await transaction.layer(own.layer)
        layer.members.removeAll { $0.experiment == own.experiment && $0.model == own.model }
        let member = AssayModelsV1.LayerMember(
            experiment: own.experiment, model: own.model, from: own.slots.from, to: own.slots.to)
        if experiment.state != .stopped {
            layer.members.append(member)
            layer.members.sort { $0.experiment < $1.experiment }
        }
        transaction.putShared(.layer, own.layer, layer)
        transaction.putShared(.experimentName, own.experiment, member)
    }

    private func publish(
        _ record: AssayModelsV1.ExperimentRecord, _ transaction: RegistryTransaction
    ) {
        publish(transaction) { model in
            model.experiments[record.experiment.specification.experiment] = record
        }
    }

    static func refusal(_ plan: AssayModelsV1.ExperimentPlan) -> RPCError {
        let texts = plan.problems.map { "\($0.line):\($0.column): \($0.message)" }
        return RPCError(
            code: .invalidArgument,
            message: "\(plan.problems.count) problem\(plan.problems.count == 1 ? "" : "s"): "
                + texts.prefix(8).joined(separator: "; "),
            reason: "experiment_refused",
            details: [
                .badRequest(
                    zip(plan.problems, texts).prefix(64).map {
                        FieldViolation(field: "file:\($0.line):\($0.column)", description: $1)
                    })
            ])
    }
}

extension FileProblems {
    var messages: [AssayModelsV1.ExperimentProblem] {
        problems.prefix(1_024).map {
            .init(
                line: UInt32(clamping: $0.line), column: UInt32(clamping: $0.column),
                message: $0.message)
        }
    }
}
