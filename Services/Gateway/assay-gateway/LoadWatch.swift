import GatewayCore
import RPC
import RPCTransport
import ServiceRuntime

/// Measures ten times a second how much the process has to do, and tells admission.
final class LoadWatch: Sendable {
    private let admission: AdmissionControl
    private let serving: ServingSlot
    private let environment: ServiceEnvironment

    init(_ admission: AdmissionControl, serving: ServingSlot, environment: ServiceEnvironment) {
        self.admission = admission
        self.serving = serving
        self.environment = environment
    }

    /// Until the task is cancelled.
    func start() -> Task<Void, Never> {
        Task {
            var sampler = LoadSampler()
            while (try? await Task.sleep(for: .milliseconds(100))) != nil {
                await measure(&sampler)
            }
        }
    }

    private func measure(_ sampler: inout LoadSampler) async {
        let loops = await LoopSnapshot.all(
            of: environment.group, witness: environment.adminGroup)
        let lags = loops.map { $0.lag.map { Duration.nanoseconds(Int64(clamping: $0)) } }
        let isSilent = lags.contains { $0 == nil }
        let lag = isSilent ? nil : lags.compactMap(\.self).max() ?? .zero
        let memory = ProcessMemory.shared
        let limit = serving.current.snapshot.configuration.capacity.memory ?? memory.limit
        admission.note(load: sampler.load(lag: lag, used: memory.usage, limit: limit))
    }

    func collect(_ metrics: MetricsRegistry) {
        let admission = admission
        metrics.collect { text in
            text.header(
                "assay_gateway_shed_total", help: "Calls refused because of the load.",
                kind: .counter)
            for (criticality, count) in admission.shedCounts {
                text.sample(
                    "assay_gateway_shed_total", labels: [("criticality", "\(criticality)")],
                    Double(count))
            }
            text.header("assay_gateway_in_flight", help: "Calls in flight.", kind: .gauge)
            text.sample("assay_gateway_in_flight", Double(admission.inFlight))
            text.header(
                "assay_gateway_load", help: "Of loops and memory; 1 is all that the process can.",
                kind: .gauge)
            text.sample("assay_gateway_load", admission.load)
        }
    }
}
