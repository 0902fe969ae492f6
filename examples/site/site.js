// config.json is written in the deployment: it holds the address that the stack's API has got.
fetch("config.json")
  .then((response) => response.json())
  .then((config) => {
    document.querySelector("#api").textContent = config.api;
  });
