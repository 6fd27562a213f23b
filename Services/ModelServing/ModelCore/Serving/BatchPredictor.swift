internal import AssayMessages
internal import Inference
internal import RPC

/// Scores the rows of a batch, in chunks.
struct BatchPredictor: Sendable {
    static let maximumRows = 4_096
    /// Rows that a thread scores before another call may have its turn.
    static let chunkRows = 256
    static let maximumOutputs = 262_144
    static let maximumFlags = 65_536

    let request: AssayModelsV1.PredictBatchRequest
    let version: ServingVersion
    let rows: Int
    private let order: InputSignature.ValueOrder
    private let options: RowOptions
    /// Values of one row in the request.
    private let width: Int

    /// What some rows of a batch are worth.
    struct Chunk: Sendable {
        var margin: [Double] = []
        var probability: [Double] = []
        var bands: [UInt32] = []
        var flags: [AssayModelsV1.BatchFlag] = []
    }

    init(
        _ request: AssayModelsV1.PredictBatchRequest, _ version: ServingVersion
    ) throws(RPCError) {
        self.request = request
        self.version = version
        rows = Int(request.rows)
        order = try VectorCheck.order(of: request.vector, version)
        options = RowOptions(iterations: try RowOptions.iterations(request.iterations, version))
        width = version.signature.valueCount(order)
        if case .unrecognized = request.layout {
            throw .invalid("layout", "expected rows (unspecified) or columns")
        }
        guard 1...Self.maximumRows ~= rows else {
            throw .invalid("rows", "expected 1 to \(Self.maximumRows), got \(request.rows)")
        }
        guard request.values.count == rows * width else {
            throw .invalid(
                "values",
                "expected \(rows) rows of \(width) values, got \(request.values.count)")
        }
        guard request.status.isEmpty || request.status.count == request.values.count else {
            throw .invalid(
                "status",
                "expected no status bytes or \(request.values.count), got \(request.status.count)")
        }
        let widest = max(version.model.marginCount, version.model.probabilityCount)
        guard rows * widest <= Self.maximumOutputs else {
            throw .invalid(
                "rows", "at most \(Self.maximumOutputs / widest) rows of \(widest) outputs each")
        }
    }

    var chunks: [Range<Int>] {
        stride(from: 0, to: rows, by: Self.chunkRows).map {
            $0..<min($0 + Self.chunkRows, rows)
        }
    }

    /// Of all rows, by what one took when the version was loaded.
    var estimate: Duration { version.warmUp.median * rows }

    // MARK: Scoring

    func score(_ range: Range<Int>) throws(RPCError) -> Chunk {
        let thread = ServingThread.current
        let (model, inputs) = (version.model, version.model.inputCount)
        var chunk = Chunk()
        try thread.scratch.withNumbers(range.count * inputs) { values throws(RPCError) in
            for row in range {
                let start = (row - range.lowerBound) * inputs
                try read(row, thread, into: .init(rebasing: values[start..<start + inputs]), &chunk)
            }
            let values = UnsafeBufferPointer(values)
            let (margins, answers) = (model.marginCount, model.probabilityCount)
            var isFinite = true
            chunk.margin = [Double](unsafeUninitializedCapacity: range.count * margins) {
                margin, count in
                count = range.count * margins
                margin.initialize(repeating: 0)
                let margin = UnsafeMutableBufferPointer(rebasing: margin[..<count])
                chunk.probability = [Double](
                    unsafeUninitializedCapacity: range.count * answers
                ) { probability, count in
                    count = range.count * answers
                    probability.initialize(repeating: 0)
                    let probability = UnsafeMutableBufferPointer(rebasing: probability[..<count])
                    model.score(
                        rows: values, count: range.count, options, thread.scratch,
                        margins: margin, probabilities: probability)
                    finish(probability, range.count, &chunk.bands)
                    isFinite =
                        margin.allSatisfy(\.isFinite) && probability.allSatisfy(\.isFinite)
                }
            }
            guard isFinite else { throw notFinite(chunk, range) }
        }
        count(chunk, range.count, thread)
        return chunk
    }

    /// Reads one row of the request.
    private func read(
        _ row: Int, _ thread: ServingThread, into values: UnsafeMutableBufferPointer<Double>,
        _ chunk: inout Chunk
    ) throws(RPCError) {
        var flags: [AssayModelsV1.InputFlag] = []
        do throws(RPCError) {
            try thread.scratch.withNumbers(width) { given throws(RPCError) in
                let isByColumn = request.layout == .columns
                for index in 0..<width {
                    given[index] =
                        request.values[isByColumn ? index * rows + row : row * width + index]
                }
                try status(of: row).withUnsafeBufferPointer { status throws(RPCError) in
                    try version.signature.read(
                        values: UnsafeBufferPointer(given), status: status, texts: [],
                        order: order, into: values, flags: &flags)
                }
            }
        } catch {
            throw error.inRow(row)
        }
        for flag in flags {
            chunk.flags.append(.init(row: UInt32(row), field: flag.field, notice: flag.notice))
        }
    }

    private func status(of row: Int) -> [UInt8] {
        if request.status.isEmpty { return [] }
        if request.layout == .columns {
            return (0..<width).map { request.status[$0 * rows + row] }
        }
        return Array(request.status[row * width..<(row + 1) * width])
    }

    private func finish(
        _ probability: UnsafeMutableBufferPointer<Double>, _ count: Int, _ bands: inout [UInt32]
    ) {
        let answers = version.model.probabilityCount
        guard version.post.calibration != nil || version.post.bands != nil else { return }
        for row in 0..<count {
            let own = UnsafeMutableBufferPointer(
                rebasing: probability[row * answers..<(row + 1) * answers])
            version.post.calibrate(own)
            if let band = version.post.band(UnsafeBufferPointer(own)) { bands.append(UInt32(band)) }
        }
    }

    private func notFinite(_ chunk: Chunk, _ range: Range<Int>) -> RPCError {
        let margin = chunk.margin.firstIndex { !$0.isFinite }
        let row = margin.map { $0 / version.model.marginCount } ?? 0
        return Predictor.notFinite(version).inRow(range.lowerBound + row)
    }

    private func count(_ chunk: Chunk, _ rows: Int, _ thread: ServingThread) {
        let statistics = version.statistics
        statistics.add(rows, to: .rows, stripe: thread.index)
        statistics.add(chunk.flags.count, to: .flags, stripe: thread.index)
        for band in chunk.bands { statistics.addBand(Int(band), stripe: thread.index) }
    }

    // MARK: Response

    func response(_ chunks: [Chunk], generation: UInt64) -> AssayModelsV1.PredictBatchResponse {
        var response = AssayModelsV1.PredictBatchResponse(
            version: version.number, artifact: version.artifact, vector: request.vector,
            snapshot: generation, bandNames: version.post.bands?.names ?? [])
        for chunk in chunks {
            response.margin += chunk.margin
            response.probability += chunk.probability
            response.bands += chunk.bands
            let room = Self.maximumFlags - response.flags.count
            response.flags += chunk.flags.prefix(room)
            response.flagsLeftOut += UInt32(max(0, chunk.flags.count - room))
        }
        return response
    }
}

extension RPCError {
    /// The same error, said of one row of a batch.
    fileprivate func inRow(_ row: Int) -> RPCError {
        RPCError(code: code, message: "rows[\(row)].\(message)", reason: reason, cause: self)
    }
}
