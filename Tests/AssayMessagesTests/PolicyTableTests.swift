import AssayMessages
import RPC
import Testing

@Suite("The policy table")
struct PolicyTableTests {
    @Test("every method of every service is in it, once")
    func complete() {
        let paths = PolicyTable.all.map(\.path)
        #expect(
            paths.sorted() == [
                "/assay.features.v1.FeatureStore/ApplyDefinitions",
                "/assay.features.v1.FeatureStore/BuildTrainingSet",
                "/assay.features.v1.FeatureStore/EraseSubject",
                "/assay.features.v1.FeatureStore/Explain",
                "/assay.features.v1.FeatureStore/GetVector",
                "/assay.features.v1.FeatureStore/GetVectors",
                "/assay.features.v1.FeatureStore/HoldSubject",
                "/assay.features.v1.FeatureStore/IngestEvents",
                "/assay.features.v1.FeatureStore/ListDefinitions",
                "/assay.features.v1.FeatureStore/ListQuarantine",
                "/assay.features.v1.FeatureStore/PinBaseline",
                "/assay.features.v1.FeatureStore/PlanDefinitions",
                "/assay.features.v1.FeatureStore/PutSnapshot",
                "/assay.features.v1.FeatureStore/ReadEdges",
                "/assay.features.v1.FeatureStore/ReleaseQuarantined",
                "/assay.features.v1.FeatureStore/ScoreEvent",
                "/assay.features.v1.FeatureStore/Stats",
                "/assay.features.v1.FeatureStore/StreamEvents",
                "/assay.models.v1.Experiments/AnalyzeExperiment",
                "/assay.models.v1.Experiments/ApplyExperiment",
                "/assay.models.v1.Experiments/GetExperiment",
                "/assay.models.v1.Experiments/ListExperiments",
                "/assay.models.v1.Experiments/RebuildExposures",
                "/assay.models.v1.Experiments/RecordDecisions",
                "/assay.models.v1.Experiments/RecordOutcome",
                "/assay.models.v1.Experiments/StopExperiment",
                "/assay.models.v1.ModelMonitoring/Compare",
                "/assay.models.v1.ModelMonitoring/ListShadows",
                "/assay.models.v1.ModelMonitoring/ModelStatistics",
                "/assay.models.v1.ModelMonitoring/StopShadow",
                "/assay.models.v1.ModelRegistry/ApplyPolicy",
                "/assay.models.v1.ModelRegistry/Approve",
                "/assay.models.v1.ModelRegistry/AsOf",
                "/assay.models.v1.ModelRegistry/DeleteAlias",
                "/assay.models.v1.ModelRegistry/GetAlias",
                "/assay.models.v1.ModelRegistry/GetPolicy",
                "/assay.models.v1.ModelRegistry/GetVersion",
                "/assay.models.v1.ModelRegistry/History",
                "/assay.models.v1.ModelRegistry/ListModels",
                "/assay.models.v1.ModelRegistry/ListVersions",
                "/assay.models.v1.ModelRegistry/RegisterVersion",
                "/assay.models.v1.ModelRegistry/Rollback",
                "/assay.models.v1.ModelRegistry/SetAlias",
                "/assay.models.v1.ModelRegistry/SetStatus",
                "/assay.models.v1.ModelRegistry/UploadVersion",
                "/assay.models.v1.ModelRegistry/Watch",
                "/assay.models.v1.ModelServing/Assign",
                "/assay.models.v1.ModelServing/Describe",
                "/assay.models.v1.ModelServing/Explain",
                "/assay.models.v1.ModelServing/Predict",
                "/assay.models.v1.ModelServing/PredictBatch",
                "/assay.models.v1.ModelServing/PredictStream",
                "/assay.risk.v1.DecisionLog/VerifyLog",
                "/assay.risk.v1.RiskAssessment/AssessCredit",
                "/assay.risk.v1.RiskAssessment/AssessTransaction",
                "/assay.risk.v1.RiskAssessment/ExplainDecision",
                "/assay.risk.v1.RiskAssessment/GetDecision",
                "/assay.risk.v1.RiskAssessment/ListDecisions",
                "/assay.risk.v1.RiskAssessment/ReplayDecision",
                "/assay.risk.v1.RiskAssessment/WatchDecisions",
                "/assay.risk.v1.RuleAdministration/ApplyRules",
                "/assay.risk.v1.RuleAdministration/Backtest",
                "/assay.risk.v1.RuleAdministration/ListProposals",
                "/assay.risk.v1.RuleAdministration/ListRuleFiles",
                "/assay.risk.v1.RuleAdministration/ListRules",
                "/assay.risk.v1.RuleAdministration/ProposeException",
                "/assay.risk.v1.RuleAdministration/ProposeRules",
                "/assay.risk.v1.RuleAdministration/ReviewProposal",
                "/assay.risk.v1.RuleAdministration/ValidateRules",
                "/bench.v1.Echo/Say",
                "/bench.v1.Streaming/Collect",
                "/bench.v1.Streaming/Converse",
                "/bench.v1.Streaming/Replay",
                "/grpc.health.v1.Health/Check",
                "/grpc.health.v1.Health/List",
                "/grpc.health.v1.Health/Watch",
                "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                "/inference.GRPCInferenceService/ModelInfer",
                "/inference.GRPCInferenceService/ModelMetadata",
                "/inference.GRPCInferenceService/ModelReady",
                "/inference.GRPCInferenceService/ServerLive",
                "/inference.GRPCInferenceService/ServerMetadata",
                "/inference.GRPCInferenceService/ServerReady",
                "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
            ])
    }

    @Test("only the benchmark and health are public; else a scope is needed, and mutual TLS")
    func access() {
        for method in PolicyTable.all {
            switch method.access {
            case .public:
                let prefixes = ["/bench.v1.", "/grpc.health.v1.Health/"]
                #expect(prefixes.contains { method.path.hasPrefix($0) })
            case .scope(let scope, let mutualTLS):
                // Reflection is also for a person at the edge.
                let isReflection = scope == "assay.reflection"
                #expect(!scope.isEmpty && mutualTLS != isReflection, "\(method.path)")
            }
        }
    }

    /// Mebibytes of methods that carry more: batches of events with as many and as long fields as
    /// one may have, and replies whose size what is defined decides, not a caller.
    private static let larger: [String: (request: Int, response: Int)] = [
        "/assay.features.v1.FeatureStore/IngestEvents": (72, 32),
        "/assay.features.v1.FeatureStore/PutSnapshot": (72, 32),
        "/assay.features.v1.FeatureStore/GetVectors": (72, 32),
    ]

    @Test("every unary method states its deadline; every method bounds its messages")
    func limits() {
        for method in PolicyTable.all {
            #expect(method.deadline != nil || method.kind != .unary, "\(method.path)")
            let (request, response) = Self.larger[method.path] ?? (32, 32)
            #expect((1...(request << 20)).contains(method.maximumRequestBytes), "\(method.path)")
            #expect((1...(response << 20)).contains(method.maximumResponseBytes), "\(method.path)")
            #expect(method.schema != 0)
        }
    }

    @Test("a streaming method says so")
    func kinds() {
        let kinds = BenchV1.Streaming.methods.map(\.kind)
        #expect(kinds == [.serverStreaming, .clientStreaming, .bidirectional])
    }

    @Test("a decision on a payment is made once per request id, for a day")
    func assessTransaction() {
        let method = AssayRiskV1.RiskAssessment.assessTransaction
        #expect(method.access == .scope("risk.assess", mutualTLS: true))
        #expect(method.idempotency == .keyed(path: [1], ttl: .seconds(86_400)))
        #expect(method.cost == 5)
        #expect(method.deadline == .milliseconds(50))
    }

    @Test("the key of an event lies one message deeper")
    func scoreEvent() {
        let method = AssayFeaturesV1.FeatureStore.scoreEvent
        #expect(method.idempotency == .keyed(path: [1, 1], ttl: .seconds(8 * 86_400)))
        #expect(
            method.retry == RetryPolicy(maximumAttempts: 3, codes: [.unavailable, .aborted]))
    }

    @Test("an rpc's scope replaces its service's")
    func override() {
        let access = AssayRiskV1.RiskAssessment.assessCredit.access
        #expect(access == .scope("risk.credit", mutualTLS: true))
    }
}
