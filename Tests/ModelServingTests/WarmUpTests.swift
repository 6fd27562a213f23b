import Foundation
import RPC
import Testing

@testable import Inference
@testable import ModelCore

@Suite("What a version's first rows take")
struct WarmUpTests {
    /// Waits, as a thread does that others keep from its core, and computes nothing.
    private struct Waiting: Explainer {
        var method: Attributions.Method { .linear }

        func explain(
            _ row: UnsafeBufferPointer<Double>, output: Int, _ options: RowOptions,
            scratch: ExplainScratch
        ) throws(ExplanationError) -> Attributions {
            Thread.sleep(forTimeInterval: 0.1)
            throw .undetermined
        }

        func makeScratch() -> ExplainScratch { ExplainScratch() }
    }

    @Test("waiting for a core is no part of it")
    func waiting() throws {
        let version = try SmallVersion.make()
        let warmUp = WarmUp(version.model, Waiting(), rows: [[1, 2]])
        #expect(warmUp.explanation < .milliseconds(50))
        #expect(warmUp.median > .zero && warmUp.median <= warmUp.p99)
    }
}
