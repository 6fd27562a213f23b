import AssayMessages
import Foundation
import RPC
import Synchronization
import Testing
import Wire

@testable import ModelCore

/// A registry with versions 1 to 3 of the model m, linear ones that differ in one weight; champion is
/// at 1.
struct ShadowKit {
    let kit: RegistryKit
    let registry: ModelRegistry
    let log: ShadowLog

    init(limits: ShadowLog.Limits = .init()) async throws {
        let kit = try RegistryKit()
        self.kit = kit
        registry = try await kit.open()
        for number in 1...3 as ClosedRange<UInt32> {
            _ = try await registry.register(Self.registration(number))
        }
        _ = try await registry.setAlias(.move("m", to: 1))
        log = try Self.log(kit, limits: limits)
    }

    static func log(_ kit: RegistryKit, limits: ShadowLog.Limits = .init()) throws -> ShadowLog {
        try ShadowLog(store: kit.store, limits: limits) {
            Timestamp(nanosecondsSinceEpoch: kit.clock.withLock { $0 } * 1_000_000)
        }
    }

    /// margin = weight · a + 2b + 0.5.
    private static func registration(
        _ number: UInt32
    ) -> AssayModelsV1.RegisterVersionRequest {
        let weight = weight(number)
        let artifact = """
            {"format":"assay-linear","version":1,"inputs":["a","b"],"impute":[0,0],"link":"logit",
             "scaler":{"mean":[0,0],"scale":[1,1]},"coefficients":[[\(weight),2]],"intercept":[0.5]}
            """
        let rows = (0..<32).map { place in
            AssayModelsV1.GoldenRow(
                values: [Double(place) / 4, -2], margin: [weight * Double(place) / 4 - 4 + 0.5])
        }
        return AssayModelsV1.RegisterVersionRequest(
            requestID: "r-\(number)", model: "m",
            manifest: AssayModelsV1.Manifest(
                inputs: ["a", "b"].map { .init(name: $0, kind: .number, nullable: true) },
                goldenRows: rows), artifact: Array(artifact.utf8), actor: "ann")
    }

    static func weight(_ version: UInt32) -> Double { 0.5 + Double(version) / 2 }

    static func file(_ changes: (String, String)...) -> String {
        changes.reduce(
            """
            shadow: next
            revision: 1
            owner: me@bank.example
            model: m
            alias: champion
            version: 2
            share: 10000
            budget: {pool: 2500, queue: 16}
            """
        ) { $0.replacing($1.0, with: $1.1) }
    }

    @discardableResult
    func apply(
        _ file: String = file(), id: String = UUID().uuidString, dryRun: Bool = false
    ) async throws -> AssayModelsV1.ExperimentPlan {
        try await registry.applyExperiment(
            .init(requestID: id, file: file, dryRun: dryRun, reason: "try"), by: "ann")
    }

    @discardableResult
    func stop(_ name: String = "next") async throws -> AssayModelsV1.Shadow {
        try await registry.stopShadow(
            .init(
                requestID: UUID().uuidString, model: "m", shadow: name, reason: "enough"),
            by: "bob")
    }

    /// One call that the champion answers.
    func predict(
        _ service: ModelServingService, _ id: String, _ values: [Double],
        _ change: (inout AssayModelsV1.PredictRequest) -> Void = { _ in }
    ) async throws -> AssayModelsV1.PredictResponse {
        var request = AssayModelsV1.PredictRequest(requestID: id, model: "m", values: values)
        change(&request)
        return try await service.predict(
            request,
            context: ServerContext(
                method: AssayModelsV1.ModelServing.predict,
                caller: Caller(tenant: "bank", client: "ci")))
    }

    func activity(_ name: String = "next") -> AssayModelsV1.ShadowActivity {
        registry.snapshot.models["m"]?.lanes[name]?.activity(now: 0) ?? .init()
    }

    /// The rows of the log, in the order of recording.
    func rows(_ name: String = "next") throws -> [AssayModelsV1.ShadowRow] {
        log.drain()
        var rows: [AssayModelsV1.ShadowRow] = []
        try log.visit(model: "m", shadow: name, before: .max) { rows.append($0) }
        return rows
    }
}

/// Waits until something holds; gives up after half a minute.
func until(
    _ what: String, _ sourceLocation: SourceLocation = #_sourceLocation, _ holds: () -> Bool
) async throws {
    let end = ContinuousClock.now + .seconds(30)
    while !holds() {
        guard ContinuousClock.now < end else {
            Issue.record("not in half a minute: \(what)", sourceLocation: sourceLocation)
            return
        }
        try await Task.sleep(for: .milliseconds(1))
    }
}
