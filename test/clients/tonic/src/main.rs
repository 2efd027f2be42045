//! Calls the service of apps/iris with the client that tonic generates from its .proto. Argument: the address. Standard
//! input: the rows, as JSON. Prints a JSON object: the predictions, and case -> "ok" or what went wrong.

use std::{collections::BTreeMap, error::Error, fmt::Debug, time::Duration};

use serde_json::{json, Value};
use tokio_stream::{wrappers::ReceiverStream, StreamExt};
use tonic::{codec::CompressionEncoding, transport::Channel, Code, Request, Status};
use tonic_types::StatusExt;

mod iris {
    tonic::include_proto!("iris.v1");
}
use iris::{iris_service_client::IrisServiceClient, IrisInputColumns, IrisInputRow, IrisPredictRequest};

type Client = IrisServiceClient<Channel>;
type Outcome = Result<(), Box<dyn Error>>;

fn row(sepal_width: f32, petal_length: f32, petal_width: f32) -> IrisInputRow {
    IrisInputRow { sepal_width: Some(sepal_width), petal_length: Some(petal_length), petal_width: Some(petal_width) }
}

fn request(rows: Vec<IrisInputRow>) -> IrisPredictRequest {
    IrisPredictRequest { rows, ..Default::default() }
}

fn some(count: usize) -> IrisPredictRequest {
    request((0..count).map(|at| row(3.0, 1.0 + at as f32 / 100.0, 0.2)).collect())
}

fn same<T: PartialEq + Debug>(seen: T, expected: T) -> Outcome {
    if seen == expected { Ok(()) } else { Err(format!("{seen:?} instead of {expected:?}").into()) }
}

async fn predictions(client: &mut Client, rows: Vec<IrisInputRow>) -> Result<Vec<f32>, Status> {
    let answer = client.predict(request(rows)).await?.into_inner();
    Ok(answer.rows.iter().map(|row| row.sepal_length.unwrap_or(f32::NAN)).collect())
}

async fn unary_with_columns(mut client: Client) -> Outcome {
    let columns = IrisInputColumns {
        sepal_width: vec![3.0, 3.0],
        petal_length: vec![1.0, 1.01],
        petal_width: vec![0.2, 0.2],
        ..Default::default()
    };
    let by_columns = client.predict(IrisPredictRequest { columns: Some(columns), ..Default::default() }).await?;
    let by_rows = predictions(&mut client, some(2).rows).await?;
    same(by_columns.into_inner().columns.unwrap_or_default().sepal_length, by_rows)
}

async fn unary_200_at_once(client: Client) -> Outcome {
    let calls: Vec<_> = (0..200)
        .map(|count| {
            let mut client = client.clone();
            tokio::spawn(async move { client.predict(some(1 + count % 20)).await.map(|it| it.into_inner().rows.len()) })
        })
        .collect();
    for (at, call) in calls.into_iter().enumerate() {
        same(call.await??, 1 + at % 20)?;
    }
    Ok(())
}

async fn unary_of_100_000_rows(client: Client) -> Outcome {
    let mut client = client.max_decoding_message_size(1 << 26);
    same(client.predict(some(100_000)).await?.into_inner().rows.len(), 100_000)
}

async fn unary_with_gzip(client: Client) -> Outcome {
    let mut packed = client.send_compressed(CompressionEncoding::Gzip).accept_compressed(CompressionEncoding::Gzip);
    same(packed.predict(some(1000)).await?.into_inner().rows.len(), 1000)
}

async fn stream_answers_in_order(mut client: Client) -> Outcome {
    let requests = tokio_stream::iter((1..=100).map(some).collect::<Vec<_>>());
    let mut answers = client.predict_stream(requests).await?.into_inner();
    let mut counts = Vec::new();
    while let Some(answer) = answers.next().await {
        counts.push(answer?.rows.len());
    }
    same(counts, (1..=100).collect())
}

async fn stream_back_and_forth(mut client: Client) -> Outcome {
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    sender.send(some(1)).await?;
    let mut answers = client.predict_stream(ReceiverStream::new(receiver)).await?.into_inner();
    for count in 1..=20 {
        same(answers.next().await.ok_or("the stream ended")??.rows.len(), count)?;
        sender.send(some(count + 1)).await?;
    }
    drop(sender);
    same(answers.next().await.ok_or("the stream ended")??.rows.len(), 21)?;
    same(answers.next().await.is_none(), true)
}

async fn stream_that_is_dropped(mut client: Client) -> Outcome {
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    sender.send(some(1)).await?;
    let mut answers = client.predict_stream(ReceiverStream::new(receiver)).await?.into_inner();
    same(answers.next().await.ok_or("the stream ended")??.rows.len(), 1)?;
    drop(answers);
    same(client.predict(some(3)).await?.into_inner().rows.len(), 3)
}

async fn error_with_details(mut client: Client) -> Outcome {
    let negative = request(vec![row(-1.0, 1.0, 0.2), row(3.0, 1.0, -0.2)]);
    let status = client.predict(negative).await.err().ok_or("it was answered")?;
    same(status.code(), Code::InvalidArgument)?;
    let info = status.get_details_error_info().ok_or("no ErrorInfo")?;
    same((info.reason.as_str(), info.domain.as_str()), ("CORE_ERR_VALIDATION", "witan"))?;
    let violations = status.get_details_bad_request().ok_or("no BadRequest")?.field_violations;
    let mut fields: Vec<_> = violations.iter().map(|each| each.field.as_str()).collect();
    fields.sort();
    same(fields, vec!["rows[0].sepal_width", "rows[1].petal_width"])
}

async fn metadata(mut client: Client) -> Outcome {
    let mut call = Request::new(some(1));
    call.metadata_mut().insert("x-request-id", "from-tonic".parse()?);
    call.metadata_mut().insert_bin("x-unread-bin", tonic::metadata::MetadataValue::from_bytes(&[0, 255, 7]));
    let answer = client.predict(call).await?;
    same(answer.metadata().get("x-request-id").map(|id| id.as_bytes()), Some(b"from-tonic".as_slice()))
}

/// tonic's own timer ends with the first answer: what comes then is the server's doing.
async fn deadline(mut client: Client) -> Outcome {
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    sender.send(some(1)).await?;
    let mut call = Request::new(ReceiverStream::new(receiver));
    call.set_timeout(Duration::from_millis(1500));
    let mut answers = client.predict_stream(call).await?.into_inner();
    same(answers.next().await.ok_or("the stream ended")??.rows.len(), 1)?;
    let status = answers.next().await.ok_or("the stream ended")?.err().ok_or("another answer")?;
    same(status.code(), Code::DeadlineExceeded)
}

async fn unknown_method(client: Channel) -> Outcome {
    let mut generic = tonic::client::Grpc::new(client);
    generic.ready().await?;
    let path = "/iris.v1.IrisService/Nothing".parse()?;
    let codec = tonic::codec::ProstCodec::<IrisPredictRequest, IrisPredictRequest>::default();
    let status = generic.unary(Request::new(some(1)), path, codec).await.err().ok_or("it was answered")?;
    same(status.code(), Code::Unimplemented)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let address = std::env::args().nth(1).ok_or("the address is missing")?;
    let channel = Channel::from_shared(format!("http://{address}"))?.connect().await?;
    let client = IrisServiceClient::new(channel.clone());
    let rows: Vec<[f32; 3]> = serde_json::from_reader(std::io::stdin())?;
    let rows = rows.into_iter().map(|[width, length, petal]| row(width, length, petal)).collect();
    let seen = predictions(&mut client.clone(), rows).await?;

    let mut cases = BTreeMap::<&str, Value>::new();
    macro_rules! check {
        ($($case:ident),*) => {
            $(cases.insert(stringify!($case), outcome($case(client.clone()).await));)*
        };
    }
    check!(unary_with_columns, unary_200_at_once, unary_of_100_000_rows, unary_with_gzip, stream_answers_in_order);
    check!(stream_back_and_forth, stream_that_is_dropped, error_with_details, metadata, deadline);
    cases.insert("unknown_method", outcome(unknown_method(channel).await));
    println!("{}", json!({ "predictions": seen, "cases": cases }));
    Ok(())
}

fn outcome(result: Outcome) -> Value {
    json!(result.map_or_else(|error| error.to_string(), |()| "ok".into()))
}
