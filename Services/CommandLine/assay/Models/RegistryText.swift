import AssayMessages
import Foundation
import Wire

/// The registry's answers as lines for a person.
enum RegistryText {
    /// `2026-11-22 11:40:03Z`.
    static func time(_ time: Timestamp) -> String {
        let text = Date(timeIntervalSince1970: Double(time.seconds)).formatted(.iso8601)
        return text.replacing("T", with: " ")
    }

    static func digest(_ bytes: [UInt8]) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    static func size(_ bytes: UInt64) -> String {
        switch bytes {
        case ..<10_000: "\(bytes) B"
        case ..<10_000_000: "\(bytes / 1_000) kB"
        default: "\(bytes / 1_000_000) MB"
        }
    }

    /// Columns as wide as their widest cell, two spaces apart.
    static func table(_ header: [String], _ rows: [[String]]) -> String {
        let all = [header] + rows.map { $0.map(TerminalText.line) }
        let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { cells in
            zip(cells, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }
                .joined(separator: "  ").trimmed
        }
        .joined(separator: "\n")
    }

    /// One event of a model's history.
    static func line(_ event: AssayModelsV1.Event) -> String {
        var parts = ["\(event.sequence)", time(event.time), what(event), "by \(event.actor)"]
        if !event.statedActor.isEmpty, event.statedActor != event.actor {
            parts[3] += " (for \(event.statedActor))"
        }
        if !event.reason.isEmpty { parts.append("— \(event.reason)") }
        if !event.ticket.isEmpty { parts.append("[\(event.ticket)]") }
        return TerminalText.line(parts.joined(separator: "  "))
    }

    private static func what(_ event: AssayModelsV1.Event) -> String {
        switch event.kind {
        case .versionRegistered:
            "version \(event.version) registered, sha256 \(digest(Array(event.artifact.prefix(6))))…"
        case .aliasMoved:
            "alias \(event.alias): "
                + (event.previousVersion == 0 ? "made at" : "\(event.previousVersion) →")
                + " version \(event.version) (generation \(event.generation))"
        case .shadowChanged:
            "shadow \(event.shadow?.shadow ?? "") of alias \(event.alias), version \(event.version): "
                + "\(event.shadow?.state ?? .unspecified)"
        case .aliasRolledBack:
            "alias \(event.alias): rolled back from version \(event.previousVersion) to "
                + "version \(event.version) (generation \(event.generation))"
        case .aliasDeleted:
            "alias \(event.alias): ended, it was at version \(event.previousVersion)"
        case .statusChanged: "version \(event.version) is \(event.status)"
        case .versionJudged:
            "version \(event.version) \(event.decision); it is \(event.status)"
        case .policyChanged:
            "aliases of \(event.row.dropFirst("policy/".count)) ask for something else"
        default: event.experiment.map(change) ?? event.row
        }
    }

    /// How an experiment stands since an event.
    private static func change(_ change: AssayModelsV1.ExperimentChange) -> String {
        "experiment \(change.experiment): \(change.state), revision \(change.revision), "
            + "epoch \(change.epoch), allocation \(change.allocation)"
    }
}

extension String {
    /// Without spaces at the end.
    fileprivate var trimmed: String {
        var text = self[...]
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
