import GatewayCore
import ServiceRuntime

/// Makes the process ready when each upstream that must be there has been reached.
///
/// What is lost later does not make it unready again: all gateways would go at once, and callers would be
/// refused connections instead of single calls.
final class UpstreamReadiness: Sendable {
    private static let interval = Duration.milliseconds(250)

    private let task: Task<Void, Never>

    /// Looks once before it returns, so that a process that lacks nothing is ready when it says that it
    /// has started.
    init(_ upstreams: UpstreamClients, _ environment: ServiceEnvironment) async {
        let component = environment.health.component("upstreams")
        let witness = environment.adminGroup
        let first = await upstreams.unreached(witness: witness)
        Self.tell(first, component)
        task = Task {
            var missing = first
            while !missing.isEmpty, !Task.isCancelled {
                try? await Task.sleep(for: Self.interval)
                await upstreams.connect(to: missing)
                missing = await upstreams.unreached(witness: witness)
                Self.tell(missing, component)
            }
        }
    }

    private static func tell(_ missing: [String], _ component: Health.Component) {
        if missing.isEmpty { return component.markReady() }
        component.markUnready("not reached yet: \(missing.sorted().joined(separator: ", "))")
    }

    func stop() { task.cancel() }
}
