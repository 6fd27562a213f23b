public import AssayMessages
internal import Crypto
internal import Foundation
public import RPC
internal import RuleLanguage
public import Storage
internal import Synchronization
internal import Wire

/// Assesses payments and loan applications, and finds decisions again.
public final class RiskService: AssayRiskV1.RiskAssessment.Service {
    /// Families that the service's store must have.
    public static let families =
        [
            DecisionLog.records, DecisionLog.meta, DecisionIndex.decisions, DecisionIndex.requests,
            DecisionEvidence.family, DecisionSearch.family, RuleArchive.family,
        ] + RuleFamilies.all

    /// What decides; a call takes it once.
    let live: LiveRules
    let configuration: RiskConfiguration
    let surroundings: RiskSurroundings
    let features: AssayFeaturesV1.FeatureStore.Client
    let models: ModelCaller
    let log: DecisionLog
    let index: DecisionIndex
    let search: DecisionSearch
    let archive: RuleArchive
    let experiments: ExperimentFeed?
    /// Called after each decision and failure, for metrics; never waits.
    let observe: @Sendable (Observation) -> Void

    /// Something that a metric counts.
    public enum Observation: Sendable {
        case decided(AssayRiskV1.Decision, isReplayed: Bool)
        case failed(StatusCode)
    }

    /// - Parameters:
    ///   - archive: keeps the rules and policies of earlier decisions; nil: as the store has them.
    ///   - experiments: is told which records met experiments; nil: nobody is.
    public init(
        live: LiveRules, features: any ClientTransport, models: any ClientTransport,
        store: any KeyValueStore, log: DecisionLog, surroundings: RiskSurroundings,
        configuration: RiskConfiguration = RiskConfiguration(), archive: RuleArchive? = nil,
        experiments: ExperimentFeed? = nil,
        observe: @escaping @Sendable (Observation) -> Void = { _ in }
    ) {
        self.live = live
        self.configuration = configuration
        self.surroundings = surroundings
        self.features = AssayFeaturesV1.FeatureStore.Client(features)
        self.models = ModelCaller(
            transport: models, configuration: configuration, monotonic: surroundings.monotonic)
        self.log = log
        index = DecisionIndex(store: store)
        search = DecisionSearch(store: store, lastSequence: log.lastSequence)
        self.archive = archive ?? RuleArchive(store: store)
        self.archive.remember(live.current.rules)
        for policy in live.current.policies.all { self.archive.remember(policy) }
        self.experiments = experiments
        self.observe = observe
    }

    /// A service whose rules stay as they are.
    public convenience init(
        rules: RuleSet, policies: PolicySet, exceptions: ExceptionTable = .empty,
        features: any ClientTransport, models: any ClientTransport,
        store: any KeyValueStore, log: DecisionLog, surroundings: RiskSurroundings,
        configuration: RiskConfiguration = RiskConfiguration(), archive: RuleArchive? = nil,
        experiments: ExperimentFeed? = nil,
        observe: @escaping @Sendable (Observation) -> Void = { _ in }
    ) {
        self.init(
            live: LiveRules(
                RuleSnapshot(
                    rules: rules, policies: policies, exceptions: exceptions,
                    build: configuration.build)),
            features: features, models: models, store: store, log: log,
            surroundings: surroundings, configuration: configuration, archive: archive,
            experiments: experiments,
            observe: observe)
    }

    /// The same, with one policy for everybody.
    public convenience init(
        rules: RuleSet, policy: Policy, features: any ClientTransport, models: any ClientTransport,
        store: any KeyValueStore, log: DecisionLog, surroundings: RiskSurroundings,
        configuration: RiskConfiguration = RiskConfiguration(), archive: RuleArchive? = nil,
        experiments: ExperimentFeed? = nil,
        observe: @escaping @Sendable (Observation) -> Void = { _ in }
    ) {
        self.init(
            rules: rules, policies: PolicySet(policy), features: features, models: models,
            store: store, log: log, surroundings: surroundings, configuration: configuration,
            archive: archive, experiments: experiments, observe: observe)
    }

    // MARK: Methods

    public func assessTransaction(
        _ request: AssayRiskV1.AssessTransactionRequest, context: ServerContext
    ) async throws -> AssayRiskV1.AssessTransactionResponse {
        let asked = DecisionIndex.Request(
            tenant: context.caller.tenant, kind: .transaction, id: request.requestID,
            bytes: request.encoded())
        let (decision, isReplayed) = try await once(
            asked, as: AssayRiskV1.AssessTransactionRequest.self
        ) { digest in try await self.decide(request, asked, digest, context) }
        return AssayRiskV1.AssessTransactionResponse(
            decision: decision.explained(request.explain), replayed: isReplayed)
    }

    public func assessCredit(
        _ request: AssayRiskV1.AssessCreditRequest, context: ServerContext
    ) async throws -> AssayRiskV1.AssessCreditResponse {
        let asked = DecisionIndex.Request(
            tenant: context.caller.tenant, kind: .credit, id: request.requestID,
            bytes: request.encoded())
        let (decision, isReplayed) = try await once(
            asked, as: AssayRiskV1.AssessCreditRequest.self
        ) { digest in try await self.decide(request, asked, digest, context) }
        return AssayRiskV1.AssessCreditResponse(
            decision: decision.explained(request.explain), replayed: isReplayed)
    }

    // MARK: Policies

    /// What decides now, under the policy that a request names, or the tenant's.
    func live(_ policy: String, _ context: ServerContext) throws -> RuleSnapshot {
        let current = live.current
        if let live = current.deciding(by: policy, for: context.caller.tenant) { return live }
        let hint = NearNames.hint(policy, among: current.policies.names)
        throw RPCError.invalid([
            FieldViolation(
                field: "/policy", description: "there is no policy '\(policy)'" + hint)
        ])
    }

    // MARK: Once

    /// Decides a request, or answers with the decision it already has.
    private func once<Message: WireMessage>(
        _ request: DecisionIndex.Request, as type: Message.Type,
        decide: @Sendable ([UInt8]) async throws -> AssayRiskV1.Decision
    ) async throws -> (AssayRiskV1.Decision, isReplayed: Bool) {
        do {
            let answer = try await onceOrThrow(request, as: type, decide: decide)
            observe(.decided(answer.0, isReplayed: answer.1))
            return answer
        } catch {
            observe(.failed((error as? RPCError)?.code ?? .internal))
            throw error
        }
    }

    private func onceOrThrow<Message: WireMessage>(
        _ request: DecisionIndex.Request, as type: Message.Type,
        decide: @Sendable ([UInt8]) async throws -> AssayRiskV1.Decision
    ) async throws -> (AssayRiskV1.Decision, isReplayed: Bool) {
        let digest = Array(SHA256.hash(data: request.bytes))
        let reservation: DecisionIndex.Reservation
        do {
            reservation = try index.reserve(
                request, at: surroundings.now().seconds, digest: digest,
                differences: { RequestDifference.paths($0, $1, as: type) })
        } catch {
            throw Self.unavailable(error)
        }
        switch reservation {
        case .decided(let decision): return (decision, true)
        case .running(let other): return (try await other.wait(), true)
        case .conflict(let fields): throw Self.conflict(request, fields)
        case .mine: break
        }
        do {
            let decision = try await decide(digest)
            index.complete(request, with: decision)
            return (decision, false)
        } catch {
            index.abandon(request, with: error)
            throw error
        }
    }

    private static func conflict(
        _ request: DecisionIndex.Request, _ fields: [String]
    ) -> RPCError {
        let named = fields.isEmpty ? "" : "; they differ in " + fields.joined(separator: ", ")
        return RPCError(
            code: .alreadyExists,
            message: "request_id '\(request.id)' belongs to another request\(named)",
            reason: "REQUEST_ID_TAKEN",
            details: [
                .badRequest(
                    fields.map {
                        FieldViolation(field: $0, description: "differs from the first request")
                    })
            ])
    }

    static func unavailable(_ error: any Error) -> RPCError {
        let isFull = (error as? StorageError)?.code == .full
        return RPCError(
            code: .unavailable,
            message: isFull
                ? "the disk of the decision log is full; nothing was decided"
                : "the decision store cannot be used; nothing was decided",
            reason: "LOG_UNAVAILABLE", cause: error)
    }

    // MARK: Sealing

    /// Seals the record, makes it durable, and only then gives the decision away.
    func seal(
        _ draft: DecisionDraft, _ identity: RecordBuilder.Identity
    ) async throws -> AssayRiskV1.Decision {
        let record = draft.record
        do {
            var decision: AssayRiskV1.Decision?
            let appended = try log.append(record) { position, batch in
                let made = AssayRiskV1.Decision(record, at: position)
                index.rows(for: made, identity.request, salt: identity.salt, into: &batch)
                draft.evidence.put(position.sequence, into: &batch)
                DecisionSearch.rows(
                    for: record, at: position.sequence, subjects: draft.evidence.subjects,
                    into: &batch)
                decision = made
                if record.metExperiment { experiments?.note(position.sequence) }
            }
            try await appended.wait()
            return decision ?? AssayRiskV1.Decision(record, at: appended.position)
        } catch {
            throw Self.unavailable(error)
        }
    }

    /// The time that a call to another service may take: a share of what is left.
    func options(_ context: ServerContext, share: Double) -> CallOptions {
        let left = context.deadline.remaining(at: surroundings.monotonic())
        var options = context.child
        options.deadline = .after(
            min(left ?? configuration.longestCall, configuration.longestCall) * share)
        return options
    }

    /// Nobody waits any more: then nothing is decided.
    func checkDeadline(_ context: ServerContext) throws {
        if context.deadline.hasPassed(at: surroundings.monotonic()) {
            throw RPCError(.deadlineExceeded, "the deadline passed; nothing was decided")
        }
    }
}
