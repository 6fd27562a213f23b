public import AssayMessages
internal import Dispatch
public import RPC
internal import Wire

extension ExperimentsService {
    /// Exposures of sealed decisions, until the stream ends; then they are the index. A stream
    /// without a record is refused: it is a wrong file, and would empty the index.
    public func rebuildExposures(
        _ requests: RequestStream<AssayModelsV1.SealedDecisions>, context: ServerContext
    ) async throws -> AssayModelsV1.RebuildSummary {
        var summary = AssayModelsV1.RebuildSummary()
        let rebuild = try exposures.beginRebuild()
        do {
            for try await request in requests {
                let records = try SealedExposures.records(request.records, &summary)
                let exposures = records.flatMap(SealedExposures.exposures)
                summary.exposures += UInt64(exposures.count)
                try await rebuild.add(exposures)
                summary.facts += try await analyst.record(records)
            }
            guard summary.records > 0 else {
                throw RPCError(
                    .invalidArgument, "the log holds no records: the index stays as it is",
                    reason: "log_empty")
            }
            summary.units = try await rebuild.finish()
        } catch {
            await rebuild.abandon()
            throw error
        }
        return summary
    }
}

/// Reads what decision records say of experiments.
enum SealedExposures {
    /// The decisions among whole records, one behind the other. Changes of the rules stand in the same log.
    static func records(
        _ bytes: [UInt8], _ summary: inout AssayModelsV1.RebuildSummary
    ) throws(RPCError) -> [AssayRiskV1.DecisionRecord] {
        var found: [AssayRiskV1.DecisionRecord] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let number = summary.records + 1
            do throws(SealError) {
                let layout = try SealedRecordLayout(rest)
                let bytes = Array(rest.prefix(layout.end))
                rest = rest.dropFirst(layout.end)
                if layout.name == AssayRiskV1.ChangeRecord.fullName {
                    _ = try SealedRecord.open(bytes, as: AssayRiskV1.ChangeRecord.self)
                    continue
                }
                found.append(try SealedRecord.open(bytes))
            } catch {
                throw RPCError(
                    .invalidArgument, "decision \(number) of the log: \(error)",
                    reason: "record_damaged")
            }
            summary.records = number
        }
        return found
    }

    static func exposures(of record: AssayRiskV1.DecisionRecord) -> [AssayModelsV1.Exposure] {
        (record.model?.assignments ?? []).compactMap { assignment in
            guard ["assigned", "token", "forced", "overridden"].contains(assignment.reason) else {
                return nil
            }
            return AssayModelsV1.Exposure(
                experiment: assignment.experiment, epoch: assignment.epoch,
                unitHash: assignment.unitHash, arm: assignment.arm, firstAt: record.decidedAt,
                requestID: record.requestID,
                forced: assignment.reason == "forced" || assignment.reason == "overridden",
                fallback: assignment.fallback, failed: assignment.controlAnswered)
        }
    }
}
