internal import AssayMessages
internal import Crypto
internal import Foundation
internal import RPC
internal import Storage
internal import Wire

/// Which decisions somebody asks for.
struct DecisionQuery: Sendable {
    let tenant: String
    let request: AssayRiskV1.ListDecisionsRequest

    /// The dimension in which the fewest rows have to be looked at.
    private var dimension: (SearchKey.Dimension, String) {
        if !request.subject.isEmpty { return (.subject, request.subject) }
        if !request.transactionID.isEmpty { return (.transaction, request.transactionID) }
        if !request.rule.isEmpty { return (.rule, request.rule) }
        if request.kind != .unspecified, request.kind != .transaction {
            return (.kind, "\(request.kind.number)")
        }
        if request.status != .unspecified, request.status != .approved {
            return (.status, "\(request.status.number)")
        }
        return (.time, "")
    }

    /// The rows that may fit, before a place; nil if there can be none.
    func range(before place: SearchKey.Place?) -> KeyRange? {
        let (dimension, value) = dimension
        let prefix = SearchKey.prefix(dimension, tenant, value)
        let whole = KeyRange.prefix(prefix)
        let lower = request.since.map { prefix + SearchKey.bytes(of: $0) } ?? whole.lower
        let ends = [
            whole.upper, request.until.map { prefix + SearchKey.bytes(of: $0) },
            place.map { prefix + $0.bytes },
        ].compactMap { $0 }
        let upper = ends.min { $0.lexicographicallyPrecedes($1) }
        if let upper, !lower.lexicographicallyPrecedes(upper) { return nil }
        return KeyRange(from: lower, to: upper)
    }

    func fits(kind: UInt8, status: UInt8) -> Bool {
        (request.kind == .unspecified || request.kind.number == Int32(kind))
            && (request.status == .unspecified || request.status.number == Int32(status))
    }

    /// What a row does not tell.
    func fits(_ record: AssayRiskV1.DecisionRecord) -> Bool {
        (request.transactionID.isEmpty || record.transactionID == request.transactionID)
            && (request.rule.isEmpty
                || record.outcome.flags.contains { $0.rule == request.rule })
    }

    // MARK: Page tokens

    private static let tokenBytes = 1 + SearchKey.Place.byteCount + 8

    /// Says where the next page goes on, for this query alone.
    func token(_ place: SearchKey.Place) -> String {
        let bytes = [1] + place.bytes
        return Data(bytes + check(bytes)).base64EncodedString()
            .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
            .replacingOccurrences(of: "=", with: "")
    }

    /// Nil if the request has no token.
    func place() throws(RPCError) -> SearchKey.Place? {
        guard !request.pageToken.isEmpty else { return nil }
        let padded = request.pageToken
            .replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
        let bytes = Data(base64Encoded: padded + "=").map { Array($0) } ?? []
        guard bytes.count == Self.tokenBytes, bytes[0] == 1,
            check(Array(bytes.dropLast(8))) == Array(bytes.suffix(8)),
            let place = SearchKey.Place(suffix: Array(bytes.dropLast(8)))
        else {
            throw RPCError(
                code: .invalidArgument,
                message: "page_token is none that this query was answered with; ask again without "
                    + "it, and change nothing but page_size from page to page",
                details: [
                    .badRequest([
                        FieldViolation(field: "/page_token", description: "not of this query")
                    ])
                ])
        }
        return place
    }

    private func check(_ bytes: [UInt8]) -> [UInt8] {
        var query = request
        query.pageToken = ""
        query.pageSize = 0
        var hash = SHA256()
        hash.update(data: Array("assay.decisions.page/1".utf8))
        hash.update(data: [UInt8(truncatingIfNeeded: tenant.utf8.count)] + Array(tenant.utf8))
        hash.update(data: bytes)
        hash.update(data: query.encoded())
        return Array(Array(hash.finalize()).prefix(8))
    }
}
