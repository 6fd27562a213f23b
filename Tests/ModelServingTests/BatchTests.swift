import AssayMessages
import RPC
import Testing

@testable import ModelCore

@Suite("Batches")
struct BatchTests {
    private static let rows = (0..<600).map { [Double($0), Double($0 % 7) - 3] }

    private static func request(
        _ layout: AssayModelsV1.BatchLayout = .unspecified
    ) -> AssayModelsV1.PredictBatchRequest {
        let values =
            layout == .columns
            ? rows.map { $0[0] } + rows.map { $0[1] } : rows.flatMap { $0 }
        return AssayModelsV1.PredictBatchRequest(
            requestID: "b", model: "m", values: values, rows: UInt32(rows.count), layout: layout)
    }

    private static func score(
        _ request: AssayModelsV1.PredictBatchRequest, _ version: ServingVersion
    ) throws(RPCError) -> AssayModelsV1.PredictBatchResponse {
        let batch = try BatchPredictor(request, version)
        var chunks: [BatchPredictor.Chunk] = []
        for range in batch.chunks { chunks.append(try batch.score(range)) }
        return batch.response(chunks, generation: 1)
    }

    @Test("a batch answers what its rows answer one by one, bit for bit, rows or columns")
    func equality() throws {
        let version = try SmallVersion.make([
            SmallVersion.number("a") { $0.range = .init(highest: 500, policy: .clamp) },
            SmallVersion.number("b"),
        ])
        let single = try Self.rows.map { try version.predict($0) }
        for layout in [AssayModelsV1.BatchLayout.unspecified, .columns] {
            let response = try Self.score(Self.request(layout), version)
            #expect(response.margin == single.flatMap(\.margin))
            #expect(response.probability == single.flatMap(\.probability))
            #expect(response.bands.map { response.bandNames[Int($0)] } == single.map(\.band))
            #expect(response.flags.map(\.row) == (501..<600).map(UInt32.init))
            #expect(Set(response.flags.map(\.notice)) == [.clamped])
        }
    }

    @Test("one bad value refuses the batch and is named by row")
    func refusals() throws {
        let version = try SmallVersion.make()
        var request = Self.request()
        request.values[2 * 300 + 1] = .infinity
        let value = refusal { try Self.score(request, version) }
        #expect(value.message == "rows[300].values[1] b: expected a number, got inf")
        request = Self.request()
        request.rows = 599
        #expect(
            refusal { try Self.score(request, version) }.message
                == "values: expected 599 rows of 2 values, got 1200")
        request.rows = 5_000
        #expect(refusal { try Self.score(request, version) }.code == .invalidArgument)
        request = Self.request()
        request.status = [0]
        #expect(refusal { try Self.score(request, version) }.message.hasPrefix("status: "))
        request.status = [UInt8](repeating: 0, count: 1_200)
        request.status[2 * 17] = 3
        let response = try Self.score(request, version)
        #expect(response.flags.map(\.row) == [17])
        #expect(response.margin[17] == 2 * Self.rows[17][1] + 0.5)
    }
}
