internal import RPC
internal import RPCTransport

/// The same for a person: what is wrong stands first on each line's right.
extension DebugPage {
    var html: String {
        let escaped = text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
            .replacing(">", with: "&gt;")
        return "<!doctype html><meta charset=utf-8><title>\(process)</title>"
            + "<meta http-equiv=refresh content=5><pre>\(escaped)</pre>\n"
    }

    var text: String {
        var lines = ["\(process) at \(takenAt)"]
        for loop in sighting.loops {
            let lag = loop.lag.map { "\(Self.rounded(Double($0) / 1e6)) ms late" } ?? "SILENT"
            lines.append("  loop \(loop.number): \(lag), \(loop.jobs) jobs")
        }
        for server in sighting.servers { add(server, to: &lines) }
        for client in sighting.clients { add(client, to: &lines) }
        return lines.joined(separator: "\n") + "\n"
    }

    private func add(_ server: ServerSnapshot, to lines: inout [String]) {
        lines.append("")
        lines.append(
            "SERVER (\(server.profile)): \(server.connections) connections, "
                + "\(server.streams) streams, \(server.handlers) handlers"
                + (server.load.map { " of \($0.limit), \($0.waiting) calls wait" } ?? "") + ", "
                + "\(server.unsentBytes) bytes unsent\(Self.stalled(server.stalls))")
        for connection in server.listed { add(connection, to: &lines, indent: "  ") }
        let more = server.connections - server.listed.count
        if more > 0 { lines.append("  and \(more) connections more") }
    }

    private func add(
        _ connection: ConnectionSnapshot, to lines: inout [String], indent: String
    ) {
        let identity = connection.peer.identity.map { " \($0)" } ?? ""
        lines.append(
            "\(indent)\(connection.peer.address)\(identity) \(connection.state) "
                + "for \(Self.age(connection.age)): \(connection.openStreams) streams, "
                + "window ours \(connection.localWindow), the peer's \(connection.remoteWindow), "
                + "score \(connection.score)"
                + (connection.takesOutput ? "" : ", SOCKET FULL"))
        for stream in connection.streams {
            lines.append(
                "\(indent)  #\(stream.id) \(stream.method) \(stream.phase) "
                    + "for \(Self.age(stream.age)): unsent \(stream.unsent), "
                    + "unread \(stream.unread), window ours \(stream.localWindow), "
                    + "the peer's \(stream.remoteWindow)"
                    + (stream.stall.map { ", STALLED: \($0.rawValue)" } ?? ""))
        }
        let more = connection.openStreams - connection.streams.count
        if more > 0 { lines.append("\(indent)  and \(more) streams more") }
    }

    private func add(_ client: ClientSnapshot, to lines: inout [String]) {
        lines.append("")
        lines.append(
            "CLIENT of \(client.target): \(client.connections) connections, "
                + "\(client.pending) calls wait\(Self.stalled(client.stalls))")
        lines.append(
            "  budgets: throttle \(Self.rounded(client.throttleTokens)) of 100, "
                + "\(client.retriesLeft) retries and \(client.hedgesLeft) hedges left")
        if let resolver = client.resolver {
            lines.append(
                "  resolver: \(resolver.endpoints.count) endpoints; answers: "
                    + "\(resolver.changed) changed, \(resolver.unchanged) unchanged, "
                    + "\(resolver.failed) failed, \(resolver.empty) empty"
                    + (resolver.failure.map { "; LAST FAILED: \($0)" } ?? ""))
        }
        for endpoint in client.endpoints {
            let latency =
                endpoint.latency.map { "\(Self.rounded($0 / .milliseconds(1))) ms" } ?? "unknown"
            let ejected =
                endpoint.ejectedFor.map { ", EJECTED for \(Self.age($0)) more" } ?? ""
            let error = endpoint.lastError.isEmpty ? "" : ", last error: \(endpoint.lastError)"
            lines.append(
                "  \(endpoint.address) \(endpoint.state): EWMA \(latency), "
                    + "\(endpoint.inFlight) in flight, \(endpoint.queued) queued\(ejected)\(error)")
            for connection in endpoint.connections {
                add(connection, to: &lines, indent: "    ")
            }
        }
    }

    private static func stalled(_ stalls: [StallReason: Int]) -> String {
        let found = StallReason.allCases.compactMap { reason in
            stalls[reason].map { "\($0) by \(reason.rawValue)" }
        }
        return found.isEmpty ? "" : "; STALLED: " + found.joined(separator: ", ")
    }

    private static func age(_ duration: Duration) -> String {
        let milliseconds = milliseconds(duration)
        if milliseconds < 1_000 { return "\(milliseconds) ms" }
        let seconds = milliseconds / 1_000
        if seconds < 120 { return "\(seconds) s" }
        return seconds < 7_200 ? "\(seconds / 60) min" : "\(seconds / 3_600) h"
    }

    private static func rounded(_ value: Double) -> String {
        "\((value * 100).rounded() / 100)"
    }
}
