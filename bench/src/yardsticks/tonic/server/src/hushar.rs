//! What Hushar's requests cost behind tonic and prost: decoded into maps, features turned into numbers one by one, zeros
//! for an answer. No model is run. A yardstick, not a server: scalars only, and what does not fit ends the process.
//! Usage: hushar VECTORIZATION; prints its port.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use serde_json::Value as Json;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::body::BoxBody;
use tonic::codegen::{http, Body, BoxFuture, Service, StdError};
use tonic::server::{Grpc, NamedService, UnaryService};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Clone, PartialEq, prost::Message)]
pub struct InferenceRequest {
    #[prost(string, tag = "1")]
    pub request_id: String,
    #[prost(message, repeated, tag = "2")]
    pub inputs: Vec<InputRow>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct InputRow {
    #[prost(string, tag = "1")]
    pub row_id: String,
    #[prost(map = "string, message", tag = "2")]
    pub features: HashMap<String, DataType>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct DataType {
    #[prost(oneof = "Scalar", tags = "1, 2, 3, 4, 5")]
    pub data_type: Option<Scalar>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub enum Scalar {
    #[prost(double, tag = "1")]
    Double(f64),
    #[prost(float, tag = "2")]
    Float(f32),
    #[prost(int32, tag = "3")]
    Int(i32),
    #[prost(int64, tag = "4")]
    Long(i64),
    #[prost(string, tag = "5")]
    Text(String),
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct InferenceResponse {
    #[prost(string, tag = "1")]
    pub request_id: String,
    #[prost(message, repeated, tag = "2")]
    pub outputs: Vec<OutputRow>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct OutputRow {
    #[prost(string, tag = "1")]
    pub row_id: String,
    #[prost(float, repeated, tag = "2")]
    pub scores: Vec<f32>,
}

enum Transformation {
    Number { base: f32, divisor: f32 },
    Texts(HashMap<String, Vec<f32>>),
}

struct Feature {
    name: String,
    default: Vec<f32>,
    transformation: Transformation,
}

struct Vectorizer(Vec<Feature>);

fn floats(json: &Json) -> Vec<f32> {
    let numbers = json.as_array().expect("a list of numbers");
    numbers.iter().map(|one| one.as_f64().expect("a number") as f32).collect()
}

fn number(json: &Json, key: &str, otherwise: f32) -> f32 {
    json[key].as_f64().map_or(otherwise, |value| value as f32)
}

fn transformation(json: &Json) -> Transformation {
    match json["type"].as_str().expect("a type") {
        "embedding" => {
            let table = json["embeddings"].as_object().expect("embeddings");
            Transformation::Texts(table.iter().map(|(text, row)| (text.clone(), floats(row))).collect())
        }
        "one_hot_encoding" => {
            let names: Vec<&str> = json["categories"].as_array().expect("categories").iter().filter_map(Json::as_str).collect();
            let row = |i: usize| (0..names.len()).map(|j| if i == j { 1.0 } else { 0.0 }).collect();
            Transformation::Texts(names.iter().enumerate().map(|(i, name)| (name.to_string(), row(i))).collect())
        }
        _ => {
            let base = number(json, "min", number(json, "mean", 0.0));
            let divisor = number(json, "max", base + number(json, "std_dev", 1.0)) - base;
            Transformation::Number { base, divisor }
        }
    }
}

impl Vectorizer {
    fn load(path: &str) -> Self {
        let file = std::fs::read_to_string(path).expect("a vectorization file");
        let json: Json = serde_json::from_str(&file).expect("JSON");
        let order = json["feature_order"].as_array().expect("feature_order");
        let feature = |name: &Json| {
            let name = name.as_str().expect("a name").to_string();
            let own = &json["feature_transformations"][&name];
            Feature { default: floats(&own["default_val"]), transformation: transformation(own), name }
        };
        Self(order.iter().map(feature).collect())
    }

    fn row(&self, row: &InputRow, out: &mut Vec<f32>) {
        for Feature { name, default, transformation } in &self.0 {
            let value = row.features.get(name).and_then(|value| value.data_type.as_ref());
            match (value, transformation) {
                (None, _) => out.extend_from_slice(default),
                (Some(Scalar::Text(text)), Transformation::Texts(table)) => {
                    out.extend_from_slice(table.get(text).unwrap_or(default))
                }
                (Some(value), Transformation::Number { base, divisor }) => out.push((plain(value) - base) / divisor),
                _ => panic!("{name} has a value of another type"),
            }
        }
    }
}

fn plain(value: &Scalar) -> f32 {
    match value {
        Scalar::Double(value) => *value as f32,
        Scalar::Float(value) => *value,
        Scalar::Int(value) => *value as f32,
        Scalar::Long(value) => *value as f32,
        Scalar::Text(text) => text.parse().expect("a number"),
    }
}

#[derive(Clone)]
struct Hushar(Arc<Vectorizer>);

impl NamedService for Hushar {
    const NAME: &'static str = "hushar.Hushar";
}

impl UnaryService<InferenceRequest> for Hushar {
    type Response = InferenceResponse;
    type Future = BoxFuture<tonic::Response<InferenceResponse>, tonic::Status>;

    fn call(&mut self, request: tonic::Request<InferenceRequest>) -> Self::Future {
        let vectorizer = self.0.clone();
        Box::pin(async move {
            let InferenceRequest { request_id, inputs } = request.into_inner();
            let mut numbers = Vec::new();
            inputs.iter().for_each(|row| vectorizer.row(row, &mut numbers));
            let score = std::hint::black_box(&numbers).first().map_or(0.0, |one| one * 0.0);
            let output = |row: InputRow| OutputRow { row_id: row.row_id, scores: vec![score] };
            let outputs = inputs.into_iter().map(output).collect();
            Ok(tonic::Response::new(InferenceResponse { request_id, outputs }))
        })
    }
}

impl<B> Service<http::Request<B>> for Hushar
where
    B: Body + Send + 'static,
    B::Error: Into<StdError> + Send + 'static,
{
    type Response = http::Response<BoxBody>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Self::Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move { Ok(Grpc::new(tonic::codec::ProstCodec::default()).unary(service, request).await) })
    }
}

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), StdError> {
    let path = std::env::args().nth(1).expect("usage: hushar VECTORIZATION");
    let service = Hushar(Arc::new(Vectorizer::load(&path)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    let server = tonic::transport::Server::builder().tcp_nodelay(true).add_service(service);
    server.serve_with_incoming(TcpListenerStream::new(listener)).await?;
    Ok(())
}
