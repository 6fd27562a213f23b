import AssayMessages
import FeatureEngine

/// Where a value comes from, for a person.
extension AssayFeaturesV1.ExplainResponse {
    private static let shownEvents = 20

    var lines: [String] {
        var lines = ["value: \(Self.number(value)), \(Self.status(status)), as of \(asOf)"]
        if !entity.isEmpty { lines.append("from: \(entity), version \(version)") }
        lines += tiles.map { "  \(Self.tile($0))" }
        for input in inputs {
            let events = input.events > 0 ? ", \(String(input.events, "event"))" : ""
            let entity = input.entity.isEmpty ? "" : " of \(input.entity)"
            lines.append(
                "reads \(input.name) (\(input.kind)\(entity)): \(Self.number(input.value)),"
                    + " \(Self.status(input.status))\(events)")
            lines += input.tiles.map { "  \(Self.tile($0))" }
        }
        let shown = eventIds.prefix(Self.shownEvents)
        let rest = events - UInt64(shown.count)
        lines.append(
            "events: \(events)" + (shown.isEmpty ? "" : ": \(shown.joined(separator: ", "))")
                + (rest > 0 ? " and \(rest) more" : ""))
        return lines
    }

    private static func number(_ value: Double) -> String {
        value.isNaN ? "missing" : "\(value)"
    }

    private static func tile(_ tile: AssayFeaturesV1.ExplainedTile) -> String {
        let events = String(tile.events, "event")
        return tile.lengthMs == 0 ? events : "\(tile.start), \(tile.lengthMs / 1_000) s: \(events)"
    }

    private static func status(_ byte: UInt32) -> String {
        let status = Status(byte: UInt8(truncatingIfNeeded: byte))
        let flags: [(Status.Flags, String)] = [
            (.stale, "stale"), (.approximate, "approximate"), (.eventual, "eventual"),
            (.incomplete, "incomplete"),
        ]
        let names = flags.filter { status.flags.contains($0.0) }.map(\.1)
        return (["\(status.kind)"] + names).joined(separator: " ")
    }
}
