"use strict";
(() => {
  const pictures = JSON.parse(document.getElementById("pictures").textContent);
  const fixed = {};

  // The same as in the files of figures: FORMULA of simnet.export.interchange.table_files.
  const FORMULA = /^[\s\x00-\x1f]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/;

  function table(rows) {
    const names = [...new Set(rows.flatMap(Object.keys))];
    const cell = (value) => {
      if (value === null || value === undefined) return "";
      const text = typeof value === "string" && FORMULA.test(value) ? "'" + value : String(value);
      return /[",\n\r]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
    };
    return [names, ...rows.map((row) => names.map((name) => row[name]))]
      .map((line) => line.map(cell).join(",") + "\n").join("");
  }

  function save(name, content, type) {
    const address = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], {type}));
    const link = document.createElement("a");
    link.href = address;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  }

  // The picture as it is in its file: black on white.
  function standalone(name) {
    const svg = fixed[name].cloneNode(true);
    svg.setAttribute("color", "#000000");
    svg.setAttribute("style", "background:#ffffff");
    return new XMLSerializer().serializeToString(svg);
  }

  function savePng(name) {
    const {width, height} = fixed[name].viewBox.baseVal;
    const image = new Image();
    image.onload = () => {
      const canvas = document.createElement("canvas");
      canvas.width = 2 * width;
      canvas.height = 2 * height;
      const pen = canvas.getContext("2d");
      pen.fillStyle = "#ffffff";
      pen.fillRect(0, 0, canvas.width, canvas.height);
      pen.drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((blob) => save(name + ".png", blob));
    };
    image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(standalone(name));
  }

  const actions = {
    svg: (name) => save(name + ".svg", standalone(name), "image/svg+xml"),
    png: savePng,
    csv: (name) => save(name + ".csv", table(pictures[name].datasets.rows), "text/csv"),
  };
  for (const link of document.querySelectorAll("a[data-figure]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      actions[link.dataset.suffix](link.dataset.figure);
    });
  }

  // A drawing is there already; this one has tooltips and is as wide as there is room.
  const options = {actions: false, ast: true, renderer: "svg", tooltip: {theme: "dark"}};
  const drawn = Object.entries(pictures).map(([name, spec]) => {
    const chart = document.querySelector("#figure-" + CSS.escape(name) + " .drawing");
    fixed[name] = chart.querySelector("svg");
    const place = document.createElement("div");
    place.style.width = "100%";
    chart.append(place);
    fixed[name].style.display = "none";
    return vegaEmbed(place, spec, options).catch((error) => {
      fixed[name].style.display = "";
      place.remove();
      console.error(name, error);
    });
  });
  Promise.all(drawn).then(() => { document.documentElement.dataset.drawn = "yes"; });
})();
