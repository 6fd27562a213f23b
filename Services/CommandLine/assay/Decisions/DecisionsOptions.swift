import ArgumentParser
import AssayMessages
import Foundation
import RPC
import Wire

/// Decisions of a running service, asked for through the gateway.
struct DecisionsOptions: ParsableArguments {
    @OptionGroup var place: WorkspaceOptions

    /// Calls the service, and closes the connection afterwards.
    func call<Result>(
        deadline: Duration = .seconds(30),
        _ body: (AssayRiskV1.RiskAssessment.Client, CallOptions) async throws -> Result
    ) async throws -> Result {
        try await place.call(AssayRiskV1.RiskAssessment.Client.init, deadline: deadline, body)
    }

    /// The id of a decision as somebody typed it.
    static func decision(_ text: String) throws -> UniqueID {
        guard let id = UniqueID(text) else {
            throw ValidationError(
                "'\(text)' is no decision id, such as 0a1b2c3d-0000-4000-8000-0123456789ab; "
                    + "'assay decisions list' shows ids")
        }
        return id
    }

    /// A time as 2026-03-01T12:00:00Z, or as so long ago: 90s, 30m, 12h, 7d.
    static func time(_ text: String, now: Date = Date()) throws -> Timestamp {
        if let time = Timestamp(text) { return time }
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        if let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()),
            count >= 0, count < 1_000_000,
            let time = Timestamp(seconds: Int64(now.timeIntervalSince1970) - count * unit)
        {
            return time
        }
        throw ValidationError(
            "'\(text)' is no time: say 2026-03-01T12:00:00Z, or 12h for so long ago")
    }
}
